package deliver

import (
	"errors"
	"fmt"
	"time"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// ErrHolding is what OnError is told, wrapped with the last answer, when a
// destination has refused 20 records in a row and none of them is condemned.
var ErrHolding = errors.New("destination refuses every record: holding them")

// settle takes the answer to one Send. Each row of the contract's table is one
// case, in the table's order.
func (w *Worker) settle(b *batch, err error) {
	if err == nil {
		w.accepted(b)
		return
	}
	out := transport.Classify(err, len(b.picked))
	w.failed(fmt.Errorf("deliver: send to route %q: %w", w.opts.Route, err))
	for _, i := range b.picked {
		b.slots[i].attempts++
	}
	switch {
	case out.Resend > 0:
		w.resend(b, out.Resend)
	case out.Batch != nil:
		w.answered(b, out)
	case out.TooLarge && len(b.picked) > 1:
		w.tooLarge(b, out.After)
	case out.TooLarge || out.Permanent:
		w.refused(b, err, out.After)
	default:
		w.retry(b, out.After)
	}
}

// accepted: nil acknowledges what was sent. The slots are marked here and the
// cursor moves in commit, since older batches may still be on their way.
func (w *Worker) accepted(b *batch) {
	bytes := b.pickedBytes()
	w.counters.change(func(s *Stats) { s.BytesSent += uint64(bytes) })
	b.whole = len(b.picked) == len(b.slots)
	for _, i := range b.picked {
		b.slots[i].state = accepted
	}
	w.works(b)
	w.fit.accepted()
	b.trim()
}

// answered: *BatchError has an answer for each record. Only what is left goes
// again.
func (w *Worker) answered(b *batch, out transport.Outcome) {
	took, bytes := b.take(out.Batch.Errs)
	w.counters.change(func(s *Stats) { s.BytesSent += uint64(bytes) })
	if took {
		// Before the refusals: they were given in the same answer, and a
		// destination that accepts something means them.
		w.works(b)
	}
	after, left := out.After, false
	for k, i := range b.picked {
		child := out.Batch.Errs[k]
		if child == nil {
			continue
		}
		switch o := transport.Classify(child, 1); {
		case o.TooLarge || o.Permanent:
			b.slots[i].state, b.slots[i].reason, b.slots[i].answer = suspect, buffer.Refused, child
			after = max(after, o.After)
		default:
			after, left = max(after, o.After), true
		}
	}
	w.judge(b, took, left, after)
}

// take marks what a BatchError accepts. It reports whether that was anything.
func (b *batch) take(errs []error) (took bool, bytes int) {
	for k, i := range b.picked {
		if errs[k] == nil {
			b.slots[i].state = accepted
			took = true
			bytes += b.slots[i].size
		}
	}
	return took, bytes
}

// judge decides on the suspects that an answer made.
func (w *Worker) judge(b *batch, took, left bool, after time.Duration) {
	if took {
		w.confirm(b)
	} else {
		for _, i := range b.picked {
			if b.slots[i].state == suspect && w.suspects(b, i) {
				w.hold(b, b.slots[i].answer, after)
				return
			}
		}
	}
	b.trim()
	switch {
	case left && took:
		w.delay(b, after) // it works, so this is no failure of the destination
	case left:
		w.retry(b, after)
	default:
		w.answers(b, after)
	}
}

// tooLarge: ErrTooLarge splits the batch. Alone, a record that is too large is
// refused like any other: see settle.
func (w *Worker) tooLarge(b *batch, after time.Duration) {
	w.fit.tooLarge(b.pickedBytes())
	b.split()
	w.answers(b, after)
}

// refused: Permanent bisects, until the guilty record stands alone. Without
// backoff: the destination has answered, and the innocent ones have waited long
// enough. One bad record among n costs 2 log n Sends. Skipping the Send of a
// half that "must" be guilty, since the other one went through, would save
// half of them, and condemn records for what was wrong with the request.
func (w *Worker) refused(b *batch, err error, after time.Duration) {
	if len(b.picked) > 1 {
		b.split()
		w.answers(b, after)
		return
	}
	i := b.picked[0]
	b.slots[i].state, b.slots[i].reason, b.slots[i].answer = suspect, buffer.Refused, err
	if w.suspects(b, i) {
		w.hold(b, err, after)
		return
	}
	b.trim()
	w.answers(b, after)
}

// suspects counts a record that was refused alone and reports whether the
// worker has to hold. A loss report is given up at once: its counts are in
// Stats, and the row is about the route's own records.
func (w *Worker) suspects(b *batch, i int) (hold bool) {
	if b.isReport(i) {
		b.slots[i].state = lost
		return false
	}
	return w.refusals.refuse()
}

// retry: any other error backs off and sends the same records again, with the
// same IDs, for as long as it takes. There is no limit of attempts: a long
// outage is no reason to lose records. MaxAge and the buffer's size are the
// limits.
func (w *Worker) retry(b *batch, after time.Duration) {
	w.breaker.fail()
	w.delay(b, after)
}

// hold stops condemning: all suspects go again, one record at a time. It is
// entered for each refusal while it lasts, which is what makes the backoff grow.
func (w *Worker) hold(b *batch, answer error, after time.Duration) {
	for _, other := range w.window {
		// A flying batch may hold a suspect as well; it is revived when it
		// lands, by landed.
		if !other.flying {
			other.revive()
		}
	}
	w.breaker.failures++
	w.breaker.trip()
	if !w.refusals.told {
		w.refusals.told = true
		w.report(fmt.Errorf("deliver: route %q: %w: %w", w.opts.Route, ErrHolding, answer))
	}
	w.delay(b, after)
}

// works: the destination has accepted something.
func (w *Worker) works(b *batch) {
	b.failures, b.retryAt = 0, time.Time{}
	w.refusals.accept()
	for _, other := range w.window {
		if !other.flying {
			w.confirm(other)
		}
	}
	w.recovered()
}

// answers: the destination has said something about records, so it lives; what
// is left is sent without backoff unless it asked for time.
func (w *Worker) answers(b *batch, after time.Duration) {
	b.failures, b.retryAt = 0, time.Time{}
	if !w.refusals.holding { // another batch's answer may come while the worker holds
		w.recovered()
	}
	w.pauseFor(after)
}

// delay sets when b may go again. The exponent is the batch's own failures, so
// that one batch in trouble waits long while its neighbours do not; but at
// least the rounds that the destination as a whole has failed, because a
// rewind makes new batches, which have not failed yet. Without a batch the
// route as a whole waits.
func (w *Worker) delay(b *batch, after time.Duration) {
	if b == nil {
		wait := max(w.opts.backoff(w.breaker.failures), obey(after))
		w.pause = later(w.pause, time.Now().Add(wait))
		return
	}
	b.failures++
	rounds := (w.breaker.failures + w.opts.MaxInFlight - 1) / w.opts.MaxInFlight
	wait := max(w.opts.backoff(max(b.failures, rounds)), obey(after))
	b.retryAt = time.Now().Add(wait)
	w.pauseFor(after)
}

// pauseFor stops all Sends for as long as the destination asked: Retry-After
// is about it, and not about one of the batches in flight.
func (w *Worker) pauseFor(after time.Duration) {
	if after > 0 {
		w.pause = later(w.pause, time.Now().Add(obey(after)))
	}
}

// recovered closes the breaker. What comes after an outage is paced. Where the
// transport holds what it sends, nil means only that bytes were written; a
// proxy that takes them and then resets would start the backoff anew each
// time. There the proof is that the cursor moves: see release.
func (w *Worker) recovered() {
	if w.breaker.recover(w.holder == nil) {
		w.pause = time.Time{}
		w.pace.begin(time.Now())
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
