package deliver

import (
	"context"
	"fmt"
	"time"

	"github.com/slogship/slogship/internal/buffer"
)

// condemn decides that a record will not be delivered: it becomes a dead
// letter if there is a place for it, else a loss that is counted.
func (w *Worker) condemn(s *slot, r buffer.Reason, answer error) {
	s.reason, s.answer = r, answer
	if w.opts.Dead == nil {
		s.state = lost
	} else {
		s.state = condemned
	}
}

// confirm condemns the suspects of b.
func (w *Worker) confirm(b *batch) {
	for i := range b.slots {
		if s := &b.slots[i]; s.state == suspect {
			w.condemn(s, buffer.Refused, s.answer)
		}
	}
}

// bury stores the batch's dead letters, one by one. It runs on a lane. What was
// stored stays stored when a later one fails, so the next try goes on there.
func (o *outlet) bury(b *batch) error {
	for i := range b.slots {
		if b.slots[i].state != condemned {
			continue
		}
		if err := o.buryOne(b, i); err != nil {
			return fmt.Errorf("deliver: store dead letter %q of route %q: %w", b.recs[i].ID, o.opts.Route, err)
		}
		b.slots[i].state = buried
	}
	return nil
}

func (o *outlet) buryOne(b *batch, i int) error {
	ctx, cancel := context.WithTimeout(o.ctx, o.opts.SendTimeout)
	defer cancel()
	s := &b.slots[i]
	d := &Dead{Record: &b.recs[i], Reason: reasonWord(s.reason, s.garbled), Answer: s.answer, Attempts: s.attempts}
	if s.attempts > 0 {
		d.First = b.first
	}
	return contain("dead letter", func() error { return o.opts.Dead(ctx, d) })
}

// buriedBatch takes the result of a job that stored dead letters.
func (w *Worker) buriedBatch(b *batch, err error) {
	if err == nil {
		b.failures, b.retryAt = 0, time.Time{}
		return
	}
	w.failed(err)
	b.failures++
	b.retryAt = time.Now().Add(w.opts.backoff(b.failures))
}

// reasonWord names why a record was not delivered, for dead letters and
// watches.
func reasonWord(r buffer.Reason, garbled bool) string {
	if garbled {
		return "undecodable"
	}
	return r.String()
}
