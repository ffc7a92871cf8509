package deliver

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// refuse is a destination that refuses the records which bad says.
func refuse(bad func(n int) bool) func(int, []encode.Record) error {
	return func(_ int, recs []encode.Record) error {
		for i := range recs {
			if bad(seqOf(&recs[i])) {
				return transport.Permanent(errBad)
			}
		}
		return nil
	}
}

// refuseEach is refuse with an answer per record.
func refuseEach(bad func(n int) bool) func(int, []encode.Record) error {
	return func(_ int, recs []encode.Record) error {
		e := &transport.BatchError{Errs: make([]error, len(recs))}
		for i := range recs {
			if bad(seqOf(&recs[i])) {
				e.Errs[i] = transport.Permanent(errBad)
			}
		}
		return e
	}
}

func below(limit int) func(int) bool { return func(n int) bool { return n <= limit } }

// T31: a destination that refuses everything is held, not drained: nothing is
// condemned, one record at a time is tried, and once it accepts again
// everything arrives, in order.
func TestRefusesEverything(t *testing.T) {
	for name, answers := range map[string]func(func(int) bool) func(int, []encode.Record) error{
		"one answer": refuse, "an answer each": refuseEach,
	} {
		t.Run(name, func(t *testing.T) {
			everything := true
			f := &fake{}
			f.reply = answers(func(int) bool { return everything })
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, f)
				r.bury()
				r.log(3000)
				r.start()
				time.Sleep(time.Hour)
				wantEqual(t, "dead letters", len(r.dead()), 0)
				wantEqual(t, "acked", r.acked(), 0)
				wantEqual(t, "told once", r.told(ErrHolding), 1)
				wantEqual(t, "with the answer", r.told(errBad) > 0, true)
				wantEqual(t, "breaker", r.worker.Stats().Breaker, "open")
				calls := f.calls()
				wantInts(t, "the probe is the oldest record", calls[len(calls)-1].seq, seq(1, 1))
				wantInts(t, "and so was the one before", calls[len(calls)-2].seq, seq(1, 1))
				late := slices.IndexFunc(calls, func(s sending) bool {
					return s.at.Sub(calls[0].at) > 30*time.Minute
				})
				if n := len(calls) - late; n > 30*60/5 {
					t.Errorf("%d probes in half an hour: the backoff does not hold", n)
				}
				f.do(func() { everything = false })
				time.Sleep(time.Hour)
				wantInts(t, "received", f.received(), seq(1, 3000))
				wantEqual(t, "dead letters after", len(r.dead()), 0)
				wantEqual(t, "breaker after", r.worker.Stats().Breaker, "closed")
				r.mustClose()
			})
		})
	}
}

// 19 in a row are condemned, 20 are not: the limit is exact, in one batch.
func TestLimitOfRefusals(t *testing.T) {
	for _, limit := range []int{19, 20} {
		f := &fake{reply: refuseEach(below(limit))}
		f.desc.MaxRecords = limit // the batch holds no record that is accepted
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, f)
			r.bury()
			r.log(100)
			r.start()
			time.Sleep(10 * time.Minute)
			if limit < refusedInARow {
				wantInts(t, "dead", r.deadSeqs(), seq(1, limit))
				wantInts(t, "received", f.received(), seq(limit+1, 100))
				wantEqual(t, "held", r.told(ErrHolding), 0)
				r.mustClose()
				return
			}
			wantInts(t, "dead at the limit", r.deadSeqs(), nil)
			wantInts(t, "received at the limit", f.received(), nil)
			wantEqual(t, "held", r.told(ErrHolding), 1)
			wantEqual(t, "Close tells", errors.Is(r.close(time.Minute), ErrBreakerOpen), true)
			wantEqual(t, "all in the buffer", int(r.buf.Stats().Records), 100)
		})
	}
}

// The row goes on from batch to batch: a destination that refuses everything
// costs at most 19 dead letters, also if the records come one by one.
func TestRowCrossesBatches(t *testing.T) {
	f := &fake{reply: refuse(func(int) bool { return true })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.start()
		for range 100 {
			r.log(1)
			time.Sleep(time.Minute)
		}
		wantInts(t, "dead", r.deadSeqs(), seq(1, 19))
		wantEqual(t, "acked", r.acked(), 19)
		wantEqual(t, "held", r.told(ErrHolding), 1)
		_ = r.close(time.Minute)
	})
}

// One accepted record ends the row, and confirms the suspects before it.
func TestAcceptanceEndsTheRow(t *testing.T) {
	f := &fake{reply: refuse(func(n int) bool { return n%20 != 0 })}
	bubble(t, f, func(r *rig) {
		r.log(200)
		time.Sleep(time.Hour)
		wantInts(t, "received", f.received(), []int{20, 40, 60, 80, 100, 120, 140, 160, 180, 200})
		wantEqual(t, "dead", len(r.dead()), 190)
		wantEqual(t, "held", r.told(ErrHolding), 0)
		wantEqual(t, "acked", r.acked(), 200)
	})
}

// In one answer with an acceptance in it, the refusals are meant, whatever
// their number and order.
func TestRefusalsBesideAcceptance(t *testing.T) {
	f := &fake{reply: refuseEach(func(n int) bool { return n != 500 })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.log(1000)
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), []int{500})
		wantEqual(t, "dead", len(r.dead()), 999)
		wantEqual(t, "sends", len(f.calls()), 1)
		r.mustClose()
	})
}

// A single bad record with nothing after it is condemned: Flush must not wait
// for a second opinion that may never come.
func TestLoneRefusal(t *testing.T) {
	f := &fake{reply: refuse(below(1))}
	bubble(t, f, func(r *rig) {
		r.log(1)
		synctest.Wait()
		wantInts(t, "dead", r.deadSeqs(), seq(1, 1))
		wantEqual(t, "acked", r.acked(), 1)
	})
}

// While the worker holds, MaxAge still bounds the retrying.
func TestHoldingEndsWithAge(t *testing.T) {
	healed := false
	f := &fake{reply: refuse(func(n int) bool { return !healed && n <= 100 })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.MaxAge = time.Hour
		r.log(100)
		r.start()
		time.Sleep(59 * time.Minute)
		wantEqual(t, "acked before", r.acked(), 0)
		time.Sleep(2 * time.Minute)
		wantEqual(t, "acked after", r.acked(), 100)
		wantEqual(t, "too old", r.worker.Stats().TooOld, 100)
		f.do(func() { healed = true })
		r.log(10)
		time.Sleep(time.Minute)
		wantEqual(t, "the route lives", r.worker.Stats().Delivered, 10)
		// It comes behind the first batch that is taken, which has all ten records
		// unless the worker was quicker than they were logged.
		got := f.received()
		at := slices.Index(got, -1)
		if at < 1 {
			t.Fatalf("the loss report was wasted before: got %v", got)
		}
		wantInts(t, "the records", slices.Delete(got, at, at+1), seq(101, 110))
		r.mustClose()
	})
}

// With several batches in flight the row is one, and suspects of all batches
// are held.
func TestHoldingWithManyInFlight(t *testing.T) {
	everything := true
	f := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: 4}, took: time.Millisecond}
	f.reply = refuse(func(int) bool { return everything })
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.log(200)
		r.start()
		time.Sleep(time.Hour)
		if n := len(r.dead()); n >= refusedInARow {
			t.Errorf("%d dead letters", n)
		}
		calls := f.calls()
		for _, s := range calls[len(calls)-5:] {
			wantEqual(t, "records in a probe", len(s.seq), 1)
		}
		running := f.mostAtOnce()
		time.Sleep(time.Hour)
		wantEqual(t, "probes at one time", f.mostAtOnce(), 1)
		wantEqual(t, "sends at one time before", running, 4)
		f.do(func() { everything = false })
		time.Sleep(time.Hour)
		all := append(f.received(), r.deadSeqs()...)
		slices.Sort(all)
		wantInts(t, "received or dead", all, seq(1, 200))
		r.mustClose()
	})
}

func TestRefusalCounter(t *testing.T) {
	var r refusals
	for i := 1; i < refusedInARow; i++ {
		wantEqual(t, "holding below the limit", r.refuse(), false)
	}
	wantEqual(t, "holding at the limit", r.refuse(), true)
	wantEqual(t, "holding beyond it", r.refuse(), true)
	r.accept()
	wantEqual(t, "after an acceptance", r.refuse(), false)
	wantEqual(t, "row", r.row, 1)
}

// A refusal that the destination confirmed by accepting something in the same
// answer stays one, also if the worker has to hold before the batch ends.
func TestConfirmedRefusalIsNotRevived(t *testing.T) {
	healed := false
	f := &fake{}
	f.reply = func(call int, recs []encode.Record) error {
		switch {
		case call == 0:
			e := batchErr(len(recs), map[int]error{0: transport.Permanent(errBad)})
			for i := range e.Errs[2:] {
				e.Errs[i+2] = errDown
			}
			return e
		case healed:
			return nil
		default:
			return refuseEach(func(int) bool { return true })(call, recs)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.log(30)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "held", r.told(ErrHolding), 1)
		f.do(func() { healed = true })
		time.Sleep(time.Hour)
		wantInts(t, "received", f.received(), seq(2, 30))
		wantInts(t, "dead", r.deadSeqs(), seq(1, 1))
		r.mustClose()
	})
}

// An answer about another batch, given while the worker holds, does not close
// the breaker: one record at a time is tried all the same.
func TestHoldingSurvivesOtherAnswers(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 30, MaxInFlight: 2}, took: time.Second}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		f.reply = func(call int, recs []encode.Record) error {
			if call > 0 {
				return transport.Permanent(errBad) // bisects, without backoff
			}
			f.took = 10 * time.Second // the next Sends are slow
			return refuseEach(func(int) bool { return true })(call, recs)
		}
		r.log(30)
		r.start()
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		r.log(30) // starts beside the first, and is answered after it
		time.Sleep(700 * time.Millisecond)
		wantEqual(t, "sends at one time before", f.mostAtOnce(), 2)
		time.Sleep(time.Hour)
		wantEqual(t, "probes at one time", f.mostAtOnce(), 1)
		for _, s := range f.calls()[2:] {
			wantEqual(t, "records in a probe", len(s.seq), 1)
		}
		_ = r.close(time.Minute)
	})
}

// A batch that was in flight when the holding began has its suspects revived
// when it lands.
func TestLandingWhileHoldingRevives(t *testing.T) {
	b := batchOf("sap")
	w := &Worker{outlet: &outlet{}, refusals: refusals{holding: true}}
	w.decided(b)
	wantEqual(t, "state", b.slots[0].state, pending)
	w.refusals.accept()
	b = batchOf("sa")
	w.decided(b)
	wantEqual(t, "state when it is over", b.slots[0].state, lost)
}

// What an acceptance has confirmed stays confirmed, across answers.
func TestAcceptanceConfirmsEarlierSuspects(t *testing.T) {
	healed := false
	f := &fake{reply: refuse(func(n int) bool { return !healed && n != 6 })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.log(40)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "held", r.told(ErrHolding), 1)
		f.do(func() { healed = true })
		time.Sleep(time.Hour)
		wantInts(t, "received", f.received(), seq(6, 40))
		wantInts(t, "dead", r.deadSeqs(), seq(1, 5))
		r.mustClose()
	})
}
