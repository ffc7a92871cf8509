package deliver

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

var errDiskFull = errors.New("disk full")

// The cursor passes a refused record only when its dead letter is stored, and
// what is stored is not stored again when a later one fails.
func TestDeadLetterBeforeAck(t *testing.T) {
	f := &fake{reply: refuseEach(below(3))}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		store := r.opts.Dead
		var calls atomic.Int32
		var full atomic.Bool
		full.Store(true)
		r.opts.Dead = func(ctx context.Context, d *Dead) error {
			calls.Add(1)
			if full.Load() && seqOf(d.Record) == 2 {
				return errDiskFull
			}
			return store(ctx, d)
		}
		r.log(10)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "acked", r.acked(), 0)
		wantInts(t, "stored", r.deadSeqs(), seq(1, 1))
		wantEqual(t, "told", r.told(errDiskFull) > 3, true)
		wantEqual(t, "last error", errors.Is(r.worker.Stats().LastError, errDiskFull), true)
		if n := calls.Load(); n > 40 {
			t.Errorf("%d calls in a minute: no backoff", n)
		}
		full.Store(false)
		time.Sleep(time.Minute)
		wantInts(t, "stored", r.deadSeqs(), seq(1, 3))
		wantEqual(t, "acked", r.acked(), 10)
		wantEqual(t, "dead", r.worker.Stats().Dead, 3)
		wantInts(t, "sent once", f.sizes(), []int{10})
		r.mustClose()
	})
}

func TestWithoutDeadLettersRefusedIsLost(t *testing.T) {
	f := &fake{reply: refuse(func(n int) bool { return n == 3 })}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(5)
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received, and the report", f.received(), []int{1, 2, 4, 5, -1})
		s := r.worker.Stats()
		wantEqual(t, "refused", s.Refused, 1)
		wantEqual(t, "dead", s.Dead, 0)
		wantEqual(t, "counted by the source", r.buf.Stats().Dropped[buffer.Refused][2], 1)
		r.mustClose()
	})
}

func TestPanicAndGoexitWhileStoring(t *testing.T) {
	f := &fake{reply: refuse(below(1))}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		store := r.opts.Dead
		calls := 0
		r.opts.Dead = func(ctx context.Context, d *Dead) error {
			if calls++; calls == 1 {
				panic("disk is on fire")
			}
			return store(ctx, d)
		}
		r.log(2)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "told", r.told(ErrPanic), 1)
		wantInts(t, "stored", r.deadSeqs(), seq(1, 1))
		wantEqual(t, "acked", r.acked(), 2)
		r.mustClose()
	})
}

// Storing has a deadline, and Close cancels it.
func TestStoringIsCancelled(t *testing.T) {
	f := &fake{reply: refuse(below(1))}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		var deadline time.Time
		r.opts.Dead = func(ctx context.Context, _ *Dead) error {
			deadline, _ = ctx.Deadline()
			<-ctx.Done()
			return ctx.Err()
		}
		start := time.Now()
		r.log(1)
		r.start()
		synctest.Wait()
		wantEqual(t, "deadline", deadline.Sub(start), 30*time.Second)
		err := r.close(time.Second)
		wantEqual(t, "Close tells", errors.Is(err, context.DeadlineExceeded), true)
		wantEqual(t, "time to close", time.Since(start), time.Second)
		wantEqual(t, "left in the buffer", int(r.buf.Stats().Records), 1)
	})
}

// A payload that does not decode is a dead letter with its bytes, and nothing
// of it is sent.
func TestUndecodable(t *testing.T) {
	newer := codec.AppendHeader(nil, &codec.Header{ID: idOf(2), Message: "from the future"})
	newer[16] = 0xee // the version
	torn := append(make([]byte, 15), 3, 'x')
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.append(1, time.Now(), "one")
		r.appendRaw(newer, time.Now())
		r.appendRaw(torn, time.Now())
		r.append(4, time.Now(), "four")
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), []int{1, 4})
		wantInts(t, "dead", r.deadSeqs(), []int{2, 3})
		for i, raw := range [][]byte{newer, torn} {
			g := r.dead()[i]
			wantEqual(t, "reason", g.reason, "undecodable")
			wantEqual(t, "attempts", g.attempts, 0)
			kept, _ := attr(g.attrs, payloadAttr).Any().([]byte)
			wantEqual(t, "payload", string(kept), string(raw))
		}
		wantEqual(t, "why", errors.Is(r.dead()[0].answer, codec.ErrVersion), true)
		s := r.worker.Stats()
		wantEqual(t, "undecodable", s.Undecodable, 2)
		wantEqual(t, "dead", s.Dead, 2)
		wantEqual(t, "delivered", s.Delivered, 2)
		wantEqual(t, "acked", r.acked(), 4)
		r.mustClose()
	})
}

// A batch with nothing that decodes is done without a Send, and 20 of them in
// a row are not the destination's fault.
func TestNothingDecodes(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		for range 50 {
			r.appendRaw(make([]byte, 17), time.Now())
		}
		r.start()
		synctest.Wait()
		wantEqual(t, "acked", r.acked(), 50)
		wantEqual(t, "refused", r.worker.Stats().Refused, 50)
		wantEqual(t, "undecodable", r.worker.Stats().Undecodable, 50)
		wantEqual(t, "held", r.told(ErrHolding), 0)
		r.mustClose()
	})
}

// A segment whose resource cannot be read still delivers its records.
func TestUnreadableResource(t *testing.T) {
	w := &Worker{outlet: &outlet{opts: Options{OnError: func(error) {}}}}
	m := &buffer.Meta{Bytes: []byte("not a resource")}
	first := w.resource(m)
	wantEqual(t, "service", first.Service, "")
	wantEqual(t, "parsed once", w.resource(m), first)
	wantEqual(t, "without meta", w.resource(nil), first)
	w.opts.Resource = &encode.Resource{Service: "own"}
	wantEqual(t, "own", w.resource(nil).Service, "own")
}

// The buffer counts by encode's levels without importing encode.
func TestLevelCount(t *testing.T) {
	wantEqual(t, "levels", buffer.Levels, encode.LevelCount)
}
