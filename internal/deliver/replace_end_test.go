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
	"github.com/slogship/slogship/transport"
)

// Close that comes at any moment of the exchange closes each transport once and
// loses nothing.
func TestReplaceDuringClose(t *testing.T) {
	for name, order := range map[string][2]time.Duration{
		"replace, close":                 {0, 0},
		"replace, close while it waits":  {0, 100 * time.Millisecond},
		"close, replace":                 {100 * time.Millisecond, 0},
		"close while the old one closes": {0, 1100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			old := &fake{took: time.Second, desc: transport.Description{MaxRecords: 10}}
			slow := slowClose{old, 500 * time.Millisecond}
			next := &fake{}
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, slow)
				r.log(30)
				r.start()
				synctest.Wait()
				go func() {
					time.Sleep(order[0])
					r.replace(next)
				}()
				time.Sleep(order[1])
				r.mustClose()
				synctest.Wait()
				wantEqual(t, "old one's and new one's", len(old.received())+len(next.received()), 30)
				wantEqual(t, "left", int(r.buf.Stats().Records), 0)
				wantEqual(t, "old one closed", old.closings(), 1)
				wantEqual(t, "new one closed", next.closings(), 1)
			})
		})
	}
}

// slowClose takes its time to say goodbye.
type slowClose struct {
	*fake
	takes time.Duration
}

func (s slowClose) Close() error {
	time.Sleep(s.takes)
	return s.fake.Close()
}

// A deadline during the exchange: the worker ends, what is left is kept, and
// both transports are closed.
func TestReplaceCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{reply: func(int, []encode.Record) error { return errDown }}, &fake{}
		r := newRig(t, slowClose{old, time.Hour})
		r.log(10)
		r.start()
		time.Sleep(time.Second)
		r.replace(next)
		synctest.Wait()
		err := r.close(time.Second)
		wantEqual(t, "Close tells", errors.Is(err, context.DeadlineExceeded), true)
		wantEqual(t, "in the buffer", int(r.buf.Stats().Records), 10)
		wantEqual(t, "new one closed", next.closings(), 1)
		time.Sleep(2 * time.Hour)
		wantEqual(t, "old one closed", old.closings(), 1)
	})
}

// An old transport whose Close never ends is left behind after SendTimeout.
func TestReplaceLeavesWhatDoesNotClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{}
		r := newRig(t, slowClose{old, 2 * time.Hour})
		r.start()
		synctest.Wait()
		r.replace(next)
		r.log(10)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		wantInts(t, "new one's", next.received(), seq(1, 10))
		wantEqual(t, "told", r.told(ErrAbandoned), 1)
		r.mustClose()
		time.Sleep(3 * time.Hour)
	})
}

// The breaker is open, so Close would give up at once; but the new destination,
// which nobody has tried, is up.
func TestCloseTriesTheReplacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{reply: func(int, []encode.Record) error { return errDown }}, &fake{}
		r := newRig(t, old)
		r.log(10)
		r.start()
		time.Sleep(10 * time.Minute)
		r.replace(next)
		r.mustClose()
		wantInts(t, "new one's", next.received(), seq(1, 10))
	})
}

// After the end a replacement is closed unused.
func TestReplaceAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := &fake{}, &fake{}
		r := newRig(t, old)
		r.start()
		r.mustClose()
		r.replace(next)
		wantEqual(t, "closed", next.closings(), 1)
	})
}

// A Deliver that waits is answered by the new destination.
func TestReplaceKeepsWatches(t *testing.T) {
	old, next := &fake{reply: func(int, []encode.Record) error { return errDown }}, &fake{}
	bubble(t, old, func(r *rig) {
		watch := r.worker.Watch(idOf(1))
		r.log(1)
		time.Sleep(time.Minute)
		r.replace(next)
		ctx, cancel := contextFor(time.Second)
		defer cancel()
		wantEqual(t, "fate", watch.Wait(ctx), nil)
	})
}

// A panic while the old transport is closed costs nothing but time.
func TestReplaceOfAPanickingClose(t *testing.T) {
	next := &fake{}
	synctest.Test(t, func(t *testing.T) {
		d := &direct{send: func(context.Context) error { return nil }, close: func() error { panic("close") }}
		r := newRig(t, d)
		r.start()
		r.replace(next)
		synctest.Wait()
		r.log(5)
		r.mustClose()
		wantInts(t, "new one's", next.received(), seq(1, 5))
		wantEqual(t, "told", r.told(ErrPanic), 1)
	})
}

// The source panics while the old transport is being closed: the exchange is
// brought to its end with what the worker begins anew.
func TestReplaceMeetsAPanic(t *testing.T) {
	old, next := &fake{reply: func(int, []encode.Record) error { return errDown }}, &fake{}
	old.desc.MaxInFlight = 2 // so that an append wakes the worker meanwhile
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowClose{old, time.Second})
		source := &trapped{Source: r.buf}
		r.opts.Buffer = source
		r.log(5)
		r.start()
		time.Sleep(time.Minute)
		r.replace(next)
		synctest.Wait()
		source.trap.Store(true) // sprung by the read that the next append leads to
		r.log(5)
		time.Sleep(time.Minute)
		wantEqual(t, "told", r.told(ErrPanic), 1)
		wantInts(t, "new one's", next.received(), seq(1, 10))
		wantEqual(t, "old one closed", old.closings(), 1)
		r.mustClose()
	})
}

// trapped panics once in a read.
type trapped struct {
	Source
	trap atomic.Bool
}

func (s *trapped) Next(c *buffer.Chunk, records, bytes int) int {
	if s.trap.CompareAndSwap(true, false) {
		panic("read")
	}
	return s.Source.Next(c, records, bytes)
}

// A transport that panics when it is asked what it is, or when it is closed
// unused, is told of and costs nothing else.
func TestReplaceByAPanickingTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, mute{&fake{}})
		r.start()
		r.log(1)
		r.replace(mute{&fake{}})
		time.Sleep(time.Second)
		r.log(1)
		time.Sleep(time.Second)
		next := &fake{}
		r.replace(next)
		time.Sleep(time.Second)
		r.log(1)
		r.mustClose()
		wantInts(t, "the last one's", next.received(), seq(3, 3))
		wantEqual(t, "told", r.told(ErrPanic), 2)
		r.replace(&direct{close: func() error { panic("close") }})
		wantEqual(t, "told, in the end", r.told(ErrPanic), 3)
	})
}

type mute struct{ *fake }

func (mute) Describe() transport.Description { panic("describe") }

// What the hook of a route panics with is no business of whoever reloads it.
func TestReplaceContainsOnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, &fake{})
		r.start()
		r.mustClose()
		told := 0
		late := &direct{close: func() error { return errDown }}
		r.worker.Replace(&Options{Route: "main", Transport: late, OnError: func(err error) {
			if errors.Is(err, errDown) {
				told++
			}
			panic("hook")
		}})
		wantEqual(t, "closed unused", late.closed, true)
		wantEqual(t, "told", told, 1)
	})
}
