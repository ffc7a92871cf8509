package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// abandonAfter is how long a Send may ignore that its context is done before
// Close goes on without it.
const abandonAfter = 100 * time.Millisecond

// What Close returns, wrapped, besides the context's cause. In all cases what
// was not delivered is still in the buffer.
var (
	// ErrAbandoned: foreign code ignored its context; its goroutine lives on.
	ErrAbandoned = errors.New("ignores its context: abandoned")
	// ErrBreakerOpen: the destination is down, so waiting was pointless.
	ErrBreakerOpen = errors.New("destination is down")
	// ErrUnacknowledged: everything was sent, but the transport does not know
	// whether the newest records were read; the next worker sends them again.
	ErrUnacknowledged = errors.New("sent, but not known to be read")
)

// Close delivers what is in the source and ends the worker, then closes the
// transport. Call the source's Stop first, else there is no end to what comes.
//
// It returns nil when everything was delivered or is otherwise done with. It
// stops early when ctx is done, and when the breaker is open; then it cancels
// what is being sent and abandons, 100 ms later, what ignores that. A second
// call waits for the first one, whose ctx counts, and returns its result, or
// ErrAbandoned 200 ms after its own ctx is done.
func (w *Worker) Close(ctx context.Context) error {
	select {
	case w.requests <- ctx:
	default:
	}
	select {
	case <-w.done:
		return w.closeErr
	case <-ctx.Done():
	}
	// The worker itself may be stuck in the source: a disk that stalls under
	// an acknowledgement. Its own grace runs out first.
	timer := time.NewTimer(2 * abandonAfter)
	defer timer.Stop()
	select {
	case <-w.done:
		return w.closeErr
	case <-timer.C:
		return fmt.Errorf("deliver: close %q: buffer %w: %w", w.mail.routeName(), ErrAbandoned, context.Cause(ctx))
	}
}

func (w *Worker) closing() bool { return w.ending != nil }

// over reports whether there is nothing more to do, or no more time.
func (w *Worker) over() bool {
	switch {
	case w.ending == nil:
		return false
	case w.ending.Err() != nil:
		w.closeErr = w.closeError(context.Cause(w.ending))
		return true
	case w.replacing():
		return false // the next destination may be up
	case w.breaker.state == open && w.flying == 0:
		w.closeErr = w.closeError(ErrBreakerOpen)
		return true
	default:
		return w.drained()
	}
}

func (w *Worker) closeError(cause error) error {
	return fmt.Errorf("deliver: close %q: %w", w.opts.Route, cause)
}

// drained reports whether everything that was in the source has been sent and
// decided. Recovery comes before Arm: it may have ended after the last read,
// and then Arm says that there is more. Exhausted comes after it: what an append
// that is still under way commits wakes the worker then.
func (w *Worker) drained() bool {
	return w.flying == 0 && len(w.window) == 0 && w.empty() &&
		!w.opts.Buffer.Stats().Recovering && w.opts.Buffer.Arm() && w.opts.Buffer.Exhausted()
}

// finish ends what runs, in order: Sends, the transport, lanes.
func (w *Worker) finish() {
	w.cancel()
	if w.ending.Err() != nil {
		w.grace = time.Now().Add(abandonAfter)
	}
	w.recall(func() bool { return w.flying == 0 })
	if w.parting.to != nil {
		w.leave() // as late as that
	}
	w.closeTransport()
	w.closeUnused()
	w.cancel() // of the outlet that came last
	w.dismiss(0)
	for _, l := range w.lanes { // abandoned: each ends when its job does
		close(l.jobs)
	}
	if w.closeErr == nil && w.ledger.len() > 0 {
		w.closeErr = w.closeError(ErrUnacknowledged)
	}
}

func (w *Worker) closeTransport() {
	w.shut = false
	w.hire(job{kind: shut})
	w.recall(func() bool { return w.shut })
}

// recall takes the results of jobs that still run, until the condition holds
// or the grace is over.
func (w *Worker) recall(enough func() bool) {
	timer := time.NewTimer(w.patienceLeft())
	defer timer.Stop()
	ended := w.ending.Done()
	if !w.grace.IsZero() {
		ended = nil
	}
	for !enough() {
		select {
		case r := <-w.results:
			w.landed(r)
		case <-ended:
			ended = nil
			w.grace = time.Now().Add(abandonAfter)
			timer.Reset(abandonAfter)
		case <-timer.C:
			w.abandon()
			return
		}
	}
}

// patienceLeft is how long recall may take: a destination that works gets the
// time of a Send to say goodbye, but only until ctx is done. The transport's
// Close gets a moment even after a Send that used up the grace.
func (w *Worker) patienceLeft() time.Duration {
	if w.grace.IsZero() {
		return w.opts.SendTimeout
	}
	return max(time.Until(w.grace), abandonAfter/10)
}

func (w *Worker) abandon() {
	err := w.closeError(ErrAbandoned)
	w.closeErr = errors.Join(w.closeErr, err)
	w.failed(err)
}
