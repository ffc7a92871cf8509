package deliver

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// keeping is a fake that keeps the loss reports it accepts.
func keeping(f *fake) *[]encode.Record {
	var reports []encode.Record
	next := f.reply
	f.reply = func(call int, recs []encode.Record) error {
		if next != nil {
			if err := next(call, recs); err != nil {
				return err
			}
		}
		for i := range recs {
			if seqOf(&recs[i]) < 0 {
				reports = append(reports, recs[i].Clone())
			}
		}
		return nil
	}
	return &reports
}

func attr(attrs []slog.Attr, path ...string) slog.Value {
	for _, a := range attrs {
		if a.Key == path[0] {
			if len(path) == 1 {
				return a.Value
			}
			return attr(a.Value.Group(), path[1:]...)
		}
	}
	return slog.Value{}
}

func TestLossReport(t *testing.T) {
	f := &fake{}
	reports := keeping(f)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(77), 0)
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(78), 0)
		r.buf.Lose(buffer.DiskStalled, 5, idOf(79), 0)
		r.log(3)
		r.start()
		synctest.Wait()
		wantInts(t, "ahead of the next batch", f.received(), append([]int{-1}, seq(1, 3)...))
		if len(*reports) != 1 {
			t.Fatalf("reports: %+v", *reports)
		}
		rep := (*reports)[0]
		wantEqual(t, "level", rep.Level, slog.LevelWarn)
		wantEqual(t, "message", rep.Message, lossMessage)
		wantEqual(t, "resource", rep.Resource != nil, true)
		wantEqual(t, "count", attr(rep.Attrs, "count").Uint64(), 3)
		wantEqual(t, "overflow", attr(rep.Attrs, "reasons", "queue_overflow", "INFO").Uint64(), 2)
		wantEqual(t, "stalled", attr(rep.Attrs, "reasons", "disk_stalled", "ERROR").Uint64(), 1)
		wantEqual(t, "first", attr(rep.Attrs, "first_id").String(), idOf(77).String())
		wantEqual(t, "last", attr(rep.Attrs, "last_id").String(), idOf(79).String())
		wantEqual(t, "since", attr(rep.Attrs, "since").Kind(), slog.KindTime)
		wantEqual(t, "until", attr(rep.Attrs, "until").Kind(), slog.KindTime)
		_, more := r.buf.Loss()
		wantEqual(t, "still to report", more, false)
		s := r.worker.Stats()
		wantEqual(t, "reports counted", s.LossReports, 1)
		wantEqual(t, "a report is no record", s.Delivered, 3)
		wantEqual(t, "acked", r.acked(), 3)
		r.mustClose()
	})
}

// The report goes again until it is acknowledged, with the same ID.
func TestLossReportIsRetried(t *testing.T) {
	f := &fake{reply: scripted(errDown, errDown)}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.buf.Lose(buffer.Sampled, 0, idOf(1), 0)
		r.start()
		synctest.Wait()
		_, open := r.buf.Loss()
		wantEqual(t, "kept until it is acknowledged", open, true)
		time.Sleep(time.Minute)
		for _, s := range f.calls() {
			wantInts(t, "sent", s.seq, []int{-1})
		}
		wantEqual(t, "sends", len(f.calls()), 3)
		_, open = r.buf.Loss()
		wantEqual(t, "kept after it", open, false)
		r.mustClose()
	})
}

// A loss with no record after it is reported as well.
func TestLossWakesTheWorker(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		source := &alarming{Source: r.buf, ready: make(chan struct{}, 1)}
		r.opts.Buffer = source
		r.start()
		time.Sleep(time.Minute)
		source.Lose(buffer.RateLimited, 3, idOf(9), time.Now().UnixNano())
		synctest.Wait()
		wantInts(t, "received", f.received(), []int{-1})
		source.Lose(buffer.RateLimited, 3, idOf(9), time.Now().UnixNano())
		time.Sleep(lossEvery)
		synctest.Wait()
		wantInts(t, "received a second later", f.received(), []int{-1, -2})
		r.mustClose()
	})
}

// alarming is a source of which the test sees that its losses wake.
type alarming struct {
	Source
	ready chan struct{}
}

func (s *alarming) Ready() <-chan struct{} { return s.ready }

func (s *alarming) Lose(r buffer.Reason, level uint8, id [16]byte, at int64) {
	s.Source.Lose(r, level, id, at)
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// A loss that is counted after the worker has looked and before it sleeps has
// no other wake-up: the worker must look again after Arm.
func TestLossBetweenReadAndSleep(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.Buffer = &late{Source: r.buf}
		r.start()
		synctest.Wait()
		wantInts(t, "received", f.received(), []int{-1})
		r.mustClose()
	})
}

// late loses a record in the first Arm.
type late struct {
	Source
	armed bool
}

func (s *late) Arm() bool {
	if !s.armed {
		s.armed = true
		s.Lose(buffer.Sampled, 0, idOf(1), 0)
	}
	return s.Source.Arm()
}

// Under overload losses gather: one report a second, not one a batch.
func TestLossReportsAreRare(t *testing.T) {
	f := &fake{}
	reports := keeping(f)
	bubble(t, f, func(r *rig) {
		for range 1000 {
			r.log(1)
			r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(*reports); n < 9 || n > 12 {
			t.Errorf("%d reports in 10 s", n)
		}
		var sum uint64
		for _, rep := range *reports {
			sum += attr(rep.Attrs, "count").Uint64()
		}
		wantEqual(t, "losses reported", sum, 1000)
	})
}

// What was lost in the last second is reported before Close is over.
func TestCloseReportsLosses(t *testing.T) {
	f := &fake{}
	bubble(t, f, func(r *rig) {
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		r.log(1)
		synctest.Wait()
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(2), 0)
	})
	got := f.received()
	slices.Sort(got)
	wantInts(t, "received", got, []int{-2, -1, 1})
}

// A destination that refuses the report does not get it again, is not held for
// it, and no report is made of it.
func TestRefusedLossReport(t *testing.T) {
	f := &fake{reply: refuse(func(n int) bool { return n < 0 })}
	bubble(t, f, func(r *rig) {
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		r.log(10)
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 10))
		wantInts(t, "dead", r.deadSeqs(), nil)
		wantEqual(t, "reports", r.worker.Stats().LossReports, 1)
		_, open := r.buf.Loss()
		wantEqual(t, "open", open, false)
		for range 2 * refusedInARow {
			r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
			r.log(1)
			time.Sleep(2 * time.Second)
		}
		wantEqual(t, "held", r.told(ErrHolding), 0)
	})
}

// A report that was sent and then taken back by Resend goes again.
func TestLossReportGoesAgainAfterResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		accept := h.reply
		h.reply = func(call int, recs []encode.Record) error {
			if call == 1 {
				h.unread = 0
				return transport.Resend(errDown, 3)
			}
			return accept(call, recs)
		}
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		r.log(2)
		r.start()
		synctest.Wait()
		_, open := r.buf.Loss()
		wantEqual(t, "open while held", open, true)
		r.log(1)
		time.Sleep(time.Minute)
		wantInts(t, "received", h.received(), []int{-1, 1, 2, -1, 1, 2, 3})
		h.do(func() { h.unread = 3 })
		time.Sleep(2 * pollHeld)
		wantEqual(t, "acked with the report", r.acked(), 0)
		h.do(func() { h.unread = 0 })
		time.Sleep(time.Minute)
		_, open = r.buf.Loss()
		wantEqual(t, "open", open, false)
		wantEqual(t, "reports", r.worker.Stats().LossReports, 1)
		r.mustClose()
	})
}

// While everything is refused, no report is wasted on the destination.
func TestNoLossReportWhileHolding(t *testing.T) {
	everything := true
	f := &fake{reply: refuse(func(int) bool { return everything })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(50)
		r.start()
		time.Sleep(time.Minute)
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		time.Sleep(time.Hour)
		f.do(func() { everything = false })
		time.Sleep(time.Hour)
		got := f.received()
		slices.Sort(got)
		wantInts(t, "received", got, append([]int{-1}, seq(1, 50)...))
		r.mustClose()
	})
}

// What policies of the route discard is reported once a minute and at the end,
// not with each batch, and not as a loss.
func TestDiscardReports(t *testing.T) {
	f := &fake{}
	reports := keeping(f)
	bubble(t, f, func(r *rig) {
		for range 1000 {
			r.log(1)
			r.buf.Discard(buffer.Sampled, 2)
			time.Sleep(200 * time.Millisecond)
		}
		synctest.Wait()
		wantEqual(t, "reports in 200 s", len(*reports), 3)
	})
	var sum uint64
	for _, rep := range *reports {
		wantEqual(t, "message", rep.Message, discardMessage)
		wantEqual(t, "level", rep.Level, slog.LevelInfo)
		wantEqual(t, "first", attr(rep.Attrs, "first_id").Kind(), slog.KindAny) // there is none
		sum += attr(rep.Attrs, "reasons", "sampled", "INFO").Uint64()
	}
	wantEqual(t, "reports", len(*reports), 4)
	wantEqual(t, "discards reported", sum, 1000)
}

// A report of both is one of a loss.
func TestDiscardsBesideALoss(t *testing.T) {
	f := &fake{}
	reports := keeping(f)
	bubble(t, f, func(r *rig) {
		r.buf.Discard(buffer.RateLimited, 2)
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		r.buf.Stop() // both are told now
		synctest.Wait()
	})
	for _, rep := range *reports {
		if attr(rep.Attrs, "reasons", "queue_overflow", "INFO").Kind() == slog.KindUint64 {
			wantEqual(t, "message", rep.Message, lossMessage)
			wantEqual(t, "level", rep.Level, slog.LevelWarn)
		}
	}
	if len(*reports) == 0 {
		t.Error("no report")
	}
}

// A loss that is told while Close comes is no reason to wait for another: Arm has
// news of it still, and nothing comes any more that would wake the worker.
func TestCloseWhileALossIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		r := newRig(t, &fake{reply: func(int, []encode.Record) error { <-held; return nil }})
		r.start()
		synctest.Wait()
		r.buf.Lose(buffer.QueueOverflow, 2, idOf(1), 0)
		r.buf.Stop()    // wakes the worker, which tells
		synctest.Wait() // its Send is under way
		time.AfterFunc(time.Second, func() { close(held) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		wantEqual(t, "closed", r.worker.Close(ctx), nil)
		wantEqual(t, "reports", r.worker.Stats().LossReports, 1)
		wantEqual(t, "buffer closed", r.buf.Close(), nil)
	})
}
