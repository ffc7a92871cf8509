package buffer

import (
	"context"
	"time"
)

// wait is one producer's wait for a segment.
type wait struct {
	b       *Buffer
	ctx     context.Context
	n       uint64        // stride of the record
	tried   *segment      // did not take it
	timeout time.Duration // while no segment comes
	until   time.Time     // the end, whatever comes
	came    Position      // of the last segment that came before the timer was set
	timer   *time.Timer   // nil before the first sleep
}

// longestWait is where a producer gives up that sees segments come and go, and
// how long the first segment of all is waited for.
//
// It is also when a stall is known: that long after the first producer met no
// segment, none waits any more. Not as soon as one has waited for nothing: when
// the disk is only slower than the producers, or the machine busy, the next
// segment is some milliseconds away, and callers that fail in nanoseconds until
// it comes lose hundreds of thousands of records, and take the processor from
// the goroutine that makes it.
const longestWait = time.Second

func (b *Buffer) newWait(ctx context.Context, n uint64, tried *segment) *wait {
	w := &wait{b: b, n: n, tried: tried, ctx: context.Background()}
	if l := b.limits.Load(); l.WhenFull == Block {
		w.ctx, w.timeout = ctx, l.BlockTimeout
		w.until = time.Now().Add(w.timeout)
		return w
	}
	w.timeout = b.stallTimeout()
	w.until = time.Now().Add(max(w.timeout, longestWait))
	return w
}

// stallTimeout is how long a producer waits while no segment comes. The first
// one is made with the first record, so that an unused buffer takes no space,
// and on a busy machine that may take longer than a later wait ever should. The
// callers of that moment pay it once, together.
func (b *Buffer) stallTimeout() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := longestWait
	switch {
	case b.begun || b.trouble != fine:
		return b.limits.Load().StallTimeout
	case !b.missed.IsZero():
		left -= time.Since(b.missed)
	}
	return max(b.limits.Load().StallTimeout, left)
}

func (w *wait) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// segment returns an active segment that is not the one tried and that holds
// the record, or why there is none.
//
// It parks at once. The crosser installs a spare within microseconds, but to
// yield until then (runtime.Gosched) puts this goroutine behind all that are
// ready to run, each with 10 ms of its own; who is woken is the next to run.
func (w *wait) segment() (*segment, error) {
	for late := false; ; {
		a, err := w.b.askSegment(w.n, w.tried)
		switch {
		case a.s != nil || err != nil:
			return a.s, err
		case w.timer == nil:
			w.came, w.timer = a.came, time.NewTimer(w.timeout)
		case late && (a.came == w.came || time.Now().After(w.until)):
			return nil, w.b.whyLate()
		case late:
			w.came = a.came
			w.timer.Reset(w.timeout)
		}
		late = false
		select {
		case <-a.turn:
		case <-w.ctx.Done():
			return nil, w.b.whyLate()
		case <-w.timer.C:
			late = true // and look a last time: both are often there together
		}
	}
}

// asked is what askSegment found: a segment, or what to wait for.
type asked struct {
	s    *segment
	turn <-chan struct{} // closes when there may be one
	came Position        // grows with each segment that comes
}

// askSegment looks for a segment, and asks the maintainer for one if there is
// none. Where it is known that none will come soon it says so at once.
func (b *Buffer) askSegment(n uint64, tried *segment) (asked, error) {
	s := b.active.Load()
	if s != nil && n > s.size-b.overhead {
		b.mu.Lock()
		b.need = max(b.need, n)
		b.mu.Unlock()
		b.shut(s)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s = b.active.Load()
	switch {
	case b.stopped:
		return asked{}, ErrClosed
	case b.tooLarge(n):
		return asked{}, ErrFull
	case s != nil && s != tried && n <= s.size-b.overhead:
		return asked{s: s}, nil
	case s != nil: // tried, and whoever crossed it is about to replace it
		return asked{turn: b.turn, came: b.nextBase}, nil
	}
	b.started = true
	b.need = max(b.need, n)
	if b.missed.IsZero() {
		b.missed = time.Now()
	}
	b.kick()
	if b.limits.Load().WhenFull != Block {
		switch b.troubleLocked() {
		case full:
			return asked{}, ErrFull
		case stalled:
			return asked{}, ErrStalled
		}
	}
	return asked{turn: b.turn, came: b.nextBase}, nil
}

// whyLate is what a producer returns that has waited for nothing.
func (b *Buffer) whyLate() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trouble == full {
		return ErrFull
	}
	return ErrStalled
}

// trouble is why there is no active segment. Guarded by Buffer.mu.
type trouble uint8

const (
	fine    trouble = 0
	full    trouble = 1 // the cap, and the policy does not drop what is older
	stalled trouble = 2 // the disk: a segment could not be made
)

// troubleLocked is what a producer without a segment must know before it waits.
func (b *Buffer) troubleLocked() trouble {
	if b.trouble == fine && time.Since(b.missed) > longestWait {
		return stalled
	}
	return b.trouble
}
