package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// breakable is a holder that can be asked whether its connection lives.
type breakable struct {
	holder
	lost   int   // what the next Probe takes back
	fails  error // what Probe returns otherwise
	probes int
}

func (b *breakable) Probe(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running > 0 {
		panic("Probe during a Send")
	}
	b.probes++
	if n := b.lost; n > 0 {
		b.lost, b.unread = 0, 0
		return transport.Resend(errDown, n)
	}
	return b.fails
}

// breakably returns a rig whose transport holds each record that it accepts.
func breakably(t *testing.T) (*rig, *breakable) {
	b := new(breakable)
	b.reply = func(_ int, recs []encode.Record) error {
		b.unread += len(recs)
		return nil
	}
	return newRig(t, b), b
}

// A connection that breaks while nothing is logged: what it held goes again
// without waiting for the next record, and what is older is let go.
func TestIdleConnectionBreaks(t *testing.T) {
	for _, lost := range []int{1, 4, 10, 1000} {
		synctest.Test(t, func(t *testing.T) {
			r, b := breakably(t)
			r.log(10)
			r.start()
			synctest.Wait()
			b.do(func() { b.lost = lost })
			time.Sleep(time.Minute)
			synctest.Wait()
			lost = min(lost, 10)
			wantInts(t, "received", b.received(), append(seq(1, 10), seq(11-lost, 10)...))
			wantEqual(t, "acked before the second time", r.acked(), 10-lost)
			wantEqual(t, "told", r.told(errDown), 1)
			b.do(func() { b.unread = 0 })
			time.Sleep(time.Minute)
			wantEqual(t, "acked", r.acked(), 10)
			wantEqual(t, "each counted once", r.worker.Stats().Delivered, 10)
			r.mustClose()
		})
	}
}

// The breaker's probe may find the same. What it takes back must not be
// acknowledged because the transport holds it no longer. Whether it or a poll
// comes first is up to the backoff's jitter, so there are several rounds.
func TestProbeOfTheBreakerTakesBack(t *testing.T) {
	for range 30 {
		synctest.Test(t, func(t *testing.T) {
			r, b := breakably(t)
			accept := b.reply
			b.reply = func(call int, recs []encode.Record) error {
				switch {
				case call == 0 || call > openAfter:
					return accept(call, recs)
				case call == openAfter:
					b.lost = 10 // the breaker opens now
				}
				return errDown
			}
			r.log(10)
			r.start()
			synctest.Wait()
			r.log(1)
			time.Sleep(5 * time.Minute)
			wantInts(t, "received", b.received(), append(seq(1, 10), seq(1, 11)...))
			wantEqual(t, "acked while held", r.acked(), 0)
			b.do(func() { b.unread = 0 })
			time.Sleep(time.Minute)
			wantEqual(t, "acked", r.acked(), 11)
			r.mustClose()
		})
	}
}

// A poll that finds the destination down is no news each second.
func TestIdleProbeThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := breakably(t)
		r.log(3)
		r.start()
		synctest.Wait()
		b.do(func() { b.fails = errDown })
		time.Sleep(time.Minute)
		synctest.Wait()
		wantEqual(t, "probed", b.probes >= 50, true)
		wantEqual(t, "told", r.told(errDown), 0)
		wantEqual(t, "breaker", r.worker.Stats().Breaker, "closed")
		wantInts(t, "received", b.received(), seq(1, 3))
		b.do(func() { b.fails, b.unread = nil, 0 })
		r.mustClose()
	})
}

// cramped returns a rig whose buffer has room for little.
func cramped(t *testing.T, tr transport.Transport) *rig {
	r := newRig(t, tr)
	if err := r.buf.Close(); err != nil {
		t.Fatal(err)
	}
	buf, err := buffer.Open(nil, "", &buffer.Options{
		Mode:         buffer.Heap,
		MaxBytes:     1 << 20,
		MinSegment:   64 << 10,
		MaxSegment:   64 << 10,
		StallTimeout: time.Minute, // Process and DropOldest never wait for room
		NewID:        func() [16]byte { return [16]byte{0: 0xff, 1: 1} },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.buf, r.opts.Buffer = buf, buf
	return r
}

// A watched record that a full buffer drops unread has a fate too: it is known
// when the cursor has passed its place, in reading order.
func TestWatchOfADroppedRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		f := &fake{desc: transport.Description{MaxRecords: 100}}
		f.reply = func(int, []encode.Record) error {
			if down {
				return errDown
			}
			return nil
		}
		r := cramped(t, f)
		r.start()
		first := r.watchAppended(t)
		time.Sleep(time.Minute)
		r.log(2000) // so that the next one is not in the segment that is being read
		unread := r.watchAppended(t)
		r.log(20_000)
		time.Sleep(time.Minute)
		wantEqual(t, "the buffer has dropped some", r.dropped() > 0, true)
		f.do(func() { down = false })
		ctx, cancel := contextFor(time.Hour)
		defer cancel()
		wantEqual(t, "the one that was being sent", first.Wait(ctx), nil)
		u, _ := errors.AsType[*Undelivered](unread.Wait(ctx))
		wantEqual(t, "the unread one is lost", u != nil && u.Reason == "lost", true)
		wantEqual(t, "watches left", r.worker.watches.any(), false)
		r.mustClose()
	})
}

// What the worker has may yet be delivered, though the cursor were past it:
// here the watch is told a place before its record's.
func TestWatchOfARecordBeingSentIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		r := newRig(t, f)
		r.start()
		r.log(1)
		synctest.Wait()
		passed := r.buf.Acked()
		f.do(func() { f.took = 10 * time.Second })
		w := r.watch(2)
		w.At(passed)
		r.log(1)
		start := time.Now()
		wantEqual(t, "Wait", w.Wait(context.Background()), nil)
		wantEqual(t, "it was sent meanwhile", time.Since(start) >= 10*time.Second, true)
		r.mustClose()
	})
}

// The drop may be over before the watch is told where its record was.
func TestWatchIsToldLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, new(fake))
		r.start()
		w := r.watch(99) // stands for one that is gone
		r.log(3)
		time.Sleep(time.Minute)
		w.At(r.buf.Acked())
		err := w.Wait(context.Background())
		u, _ := errors.AsType[*Undelivered](err)
		wantEqual(t, "lost", u != nil && u.Reason == "lost", true)
		r.mustClose()
	})
}

// watchAppended appends the next record, watched as handlers do it.
func (r *rig) watchAppended(t *testing.T) *Watch {
	t.Helper()
	w := r.watch(r.next)
	r.log(1)
	w.At(r.buf.Tail())
	return w
}
