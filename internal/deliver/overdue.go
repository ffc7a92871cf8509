package deliver

import (
	"errors"
	"fmt"
	"time"
)

// ErrOverdue is what OnError is told, once a Send, when a Send runs on after
// its deadline. The worker goes on waiting: the records may have arrived, and
// to call Send again beside it would break the transport's contract. But a
// route that stands still must not do so in silence.
var ErrOverdue = errors.New("a Send ignores its deadline, and the route waits for it")

// overdueAfter is how much later than its deadline a Send may return before it
// is worth a word.
const overdueAfter = time.Second

// planOverdue plans to complain. It costs a busy worker a timer a batch, which
// is nothing beside a Send; an idle one has nothing in flight.
func (w *Worker) planOverdue(p *plan) {
	for _, b := range w.window {
		if b.flying && !b.overdue && !b.sentAt.IsZero() {
			p.offer(complain, b, b.sentAt.Add(w.opts.SendTimeout+overdueAfter))
		}
	}
}

func (w *Worker) complain(b *batch) {
	b.overdue = true
	w.failed(fmt.Errorf("deliver: route %q: %w", w.opts.Route, ErrOverdue))
}
