package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/transport"
)

func (r *rig) watch(n int) *Watch { return r.worker.Watch(idOf(n)) }

func TestWatchDelivered(t *testing.T) {
	f := &fake{took: time.Second}
	bubble(t, f, func(r *rig) {
		w := r.watch(2)
		other := r.watch(99)
		start := time.Now()
		r.log(3)
		wantEqual(t, "Wait", w.Wait(context.Background()), nil)
		if d := time.Since(start); d < time.Second || d > 2*time.Second {
			t.Errorf("Wait took %v", d)
		}
		other.Cancel()
		other.Cancel()
		wantEqual(t, "watches left", r.worker.watches.any(), false)
	})
}

func TestWatchRefused(t *testing.T) {
	for _, dead := range []bool{true, false} {
		f := &fake{reply: refuse(func(n int) bool { return n == 2 })}
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, f)
			if dead {
				r.bury()
			}
			r.start()
			w := r.watch(2)
			r.log(3)
			err := w.Wait(context.Background())
			u, ok := errors.AsType[*Undelivered](err)
			if !ok {
				t.Fatalf("Wait: %v", err)
			}
			wantEqual(t, "reason", u.Reason, "refused")
			wantEqual(t, "answer", errors.Is(err, errBad), true)
			r.mustClose()
		})
	}
}

func TestWatchTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, &fake{})
		r.opts.MaxAge = time.Hour
		r.start()
		w := r.watch(1)
		r.append(1, time.Now().Add(-2*time.Hour), "old")
		u, _ := errors.AsType[*Undelivered](w.Wait(context.Background()))
		wantEqual(t, "undelivered", u != nil && u.Reason == "too_old" && u.Answer == nil, true)
		r.mustClose()
	})
}

// Waiting ends with ctx; the record is still on its way.
func TestWatchGivesUp(t *testing.T) {
	f := &fake{took: time.Second}
	bubble(t, f, func(r *rig) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		w := r.watch(1)
		r.log(1)
		wantEqual(t, "Wait", errors.Is(w.Wait(ctx), context.DeadlineExceeded), true)
		wantEqual(t, "watches left", r.worker.watches.any(), false)
	})
	wantInts(t, "received", f.received(), seq(1, 1))
}

func TestWatchAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, &fake{reply: scripted(errDown, errDown, errDown, errDown, errDown)})
		r.start()
		before := r.watch(1)
		r.log(1)
		_ = r.close(time.Minute)
		after := r.watch(2)
		for _, w := range []*Watch{before, after} {
			u, _ := errors.AsType[*Undelivered](w.Wait(context.Background()))
			wantEqual(t, "closed", u != nil && u.Reason == "closed", true)
		}
	})
}

// Without acknowledgements, delivered means that the transport holds it no
// longer.
func TestWatchOfAHeldRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := holding(t, transport.Description{})
		r.start()
		w := r.watch(1)
		r.log(2)
		time.Sleep(time.Minute)
		select {
		case <-w.done:
			t.Error("resolved while held")
		default:
		}
		h.do(func() { h.unread = 1 })
		wantEqual(t, "Wait", w.Wait(context.Background()), nil)
		h.do(func() { h.unread = 0 })
		r.mustClose()
	})
}

func TestSecondWatchReplacesTheFirst(t *testing.T) {
	f := &fake{}
	bubble(t, f, func(r *rig) {
		first, second := r.watch(1), r.watch(1)
		first.Cancel() // must not cancel the second
		r.log(1)
		wantEqual(t, "Wait", second.Wait(context.Background()), nil)
	})
}
