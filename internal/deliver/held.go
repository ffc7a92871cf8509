package deliver

import (
	"slices"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// pollHeld is how often an idle worker asks a transport whether it still holds
// something.
const pollHeld = time.Second

// entry is one record between its commit and the cursor's passing it.
type entry struct {
	mark buffer.Mark
	sent bool  // counts among the transport's newest
	note *note // nil: delivered, and nobody waits for it
}

// note is what has to be done when the cursor passes a record that is not
// simply delivered. Few records have one, so an entry has a pointer: with the
// default window of a transport without acknowledgements there are tens of
// thousands of entries.
type note struct {
	id      encode.ID
	state   state // accepted, buried or lost
	reason  buffer.Reason
	level   uint8
	at      int64 // append time, unix nanoseconds
	garbled bool
	report  bool
	answer  error
}

// ledger has what was committed and is not acknowledged, in reading order. It
// is the worker goroutine's own. Marks of single records, not of batches: else
// a Resend of the newest ten would repeat a batch, and the cursor of a slow
// route would lag by one.
type ledger struct {
	entries []entry
	head    int // entries before it are gone
	sent    int // how many of the rest are sent
}

func (l *ledger) len() int { return len(l.entries) - l.head }

func (l *ledger) push(e entry) {
	if l.head > 0 && l.head >= len(l.entries)/2 {
		n := copy(l.entries, l.entries[l.head:])
		clear(l.entries[n:])
		l.entries, l.head = l.entries[:n], 0
	}
	l.entries = append(l.entries, e)
	if e.sent {
		l.sent++
	}
}

// pop takes the oldest entry off if, after it, the newest held sent entries
// are still there. What was not sent (dead, dropped) never waits by itself.
func (l *ledger) pop(held int) (entry, bool) {
	if l.len() == 0 || l.entries[l.head].sent && l.sent <= held {
		return entry{}, false
	}
	e := l.entries[l.head]
	l.entries[l.head] = entry{}
	l.head++
	if e.sent {
		l.sent--
	}
	return e, true
}

// cut takes the newest n sent entries off, with all that came after the first
// of them, and returns the mark before it: where reading goes on. The zero
// Mark is the acknowledged position, and that is where the ledger begins.
func (l *ledger) cut(n int) (buffer.Mark, int) {
	i, taken := len(l.entries), 0
	for i > l.head && taken < n {
		i--
		if l.entries[i].sent {
			taken++
		}
	}
	l.sent -= taken
	clear(l.entries[i:])
	l.entries = l.entries[:i]
	if i == l.head {
		return buffer.Mark{}, taken
	}
	return l.entries[i-1].mark, taken
}

// commit moves the finished batches at the head of the window to the ledger.
// The head only: the cursor is a prefix.
func (w *Worker) commit() {
	for len(w.window) > 0 && w.window[0].finished() {
		b := w.window[0]
		w.window = slices.Delete(w.window, 0, 1)
		if b.whole && w.holder == nil && w.ledger.len() == 0 && !b.report && !w.watches.any() {
			w.acknowledgeWhole(b)
		} else {
			w.record(b)
		}
		w.recycle(b)
	}
	w.release()
}

func (b *batch) finished() bool {
	return b.launched && !b.flying && !b.undecided() && (b.whole || !b.unburied())
}

// acknowledgeWhole is commit and release in one for the batch that is all the
// rule: accepted at once, by a destination that holds nothing back.
func (w *Worker) acknowledgeWhole(b *batch) {
	w.counters.change(func(s *Stats) { s.Delivered += uint64(len(b.slots)) })
	w.opts.Buffer.Ack(b.slots[len(b.slots)-1].mark)
}

// record writes the batch's outcomes into the ledger, one entry a slot. Whether
// a record is watched is looked up now, because its ID is gone when the cursor
// passes it; a watch cannot come later than this, since it precedes the append.
func (w *Worker) record(b *batch) {
	watched := w.watches.any()
	for i := range b.slots {
		s := &b.slots[i]
		e := entry{mark: s.mark, sent: s.sent()}
		if s.state != accepted || b.isReport(i) || watched && w.watches.has(b.recs[i].ID) {
			e.note = &note{
				id: b.recs[i].ID, state: s.state, reason: s.reason, level: s.level, at: s.stamp,
				garbled: s.garbled, report: b.isReport(i), answer: s.answer,
			}
		}
		w.ledger.push(e)
	}
}

// release acknowledges what the transport no longer holds. For one that
// acknowledges by itself this is everything, at once.
func (w *Worker) release() {
	held := w.held
	if w.holder != nil {
		for _, b := range w.window {
			held -= b.sent() // newer than all in the ledger
		}
	}
	last, moved := buffer.Mark{}, false
	passed := w.passed[:0]
	var delivered uint64
	for {
		e, ok := w.ledger.pop(max(held, 0))
		if !ok {
			break
		}
		last, moved = e.mark, true
		if e.sent && w.breaker.state == closed {
			w.breaker.failures = 0
		}
		if e.note == nil {
			delivered++
		} else {
			passed = append(passed, e.note)
		}
	}
	if moved {
		w.pass(last, delivered, passed)
	}
	clear(passed)
	w.passed = passed
}

// pass makes the cursor pass records. The order matters: counters change
// before Ack, because Flush returns with it and its caller may look at them;
// losses are counted before Ack, because a crash between the two must rather
// count a loss twice than never; watches and reports are told after it.
func (w *Worker) pass(last buffer.Mark, delivered uint64, notes []*note) {
	w.counters.change(func(s *Stats) {
		s.Delivered += delivered
		for _, n := range notes {
			n.count(s)
		}
	})
	for _, n := range notes {
		if n.state == lost && !n.report {
			w.opts.Buffer.Lose(n.reason, n.level, n.id, n.at)
		}
	}
	if last != (buffer.Mark{}) {
		w.opts.Buffer.Ack(last)
	}
	for _, n := range notes {
		w.tell(n)
	}
}

func (n *note) count(s *Stats) {
	switch {
	case n.report:
		s.LossReports++
		return
	case n.state == accepted:
		s.Delivered++
	case n.state == buried:
		s.Dead++
	case n.reason == buffer.TooOld:
		s.TooOld++
	default:
		s.Refused++
	}
	if n.garbled {
		s.Undecodable++
	}
}

// tell passes a record's fate on to whoever waits for it.
func (w *Worker) tell(n *note) {
	switch {
	case n.report:
		w.losses.reported(w.opts.Buffer, n.id)
	case n.state == accepted:
		w.watches.resolve(n.id, nil)
	case w.watches.any():
		w.watches.resolve(n.id, &Undelivered{Reason: n.word(), Answer: n.answer})
	}
}

func (n *note) word() string { return reasonWord(n.reason, n.garbled) }

// resend takes back what the destination may not have got: the newest n sent
// records, and with them all that was read after the oldest of these. The
// batch's own accepted records are the newest of all; b is nil if there is no
// batch, because the connection broke while nothing was sent.
func (w *Worker) resend(b *batch, n int) {
	mark, again := w.takeBack(b, n)
	w.retry(b, 0)
	if again {
		w.rewind(mark)
	}
}

// takeBack makes the newest n sent records go again, of b what is b's. If there
// were more than that, it also returns where to rewind to.
func (w *Worker) takeBack(b *batch, n int) (mark buffer.Mark, again bool) {
	w.counters.change(func(s *Stats) { s.Resent += uint64(n) })
	own := 0
	if b != nil {
		own = b.sent()
	}
	if n <= own {
		b.unsend(n)
		return buffer.Mark{}, false
	}
	mark, taken := w.ledger.cut(n - own)
	if taken == 0 && b != nil {
		// More than was ever sent, or than we keep: everything that is ours to
		// repeat is in the batch.
		b.unsend(own)
	}
	return mark, taken > 0
}

// unsend makes the newest n sent records of b pending again.
func (b *batch) unsend(n int) {
	for i := len(b.slots) - 1; i >= 0 && n > 0; i-- {
		if b.slots[i].sent() {
			b.slots[i].state = pending
			n--
		}
	}
	b.whole = false
	b.rejoin()
}

// rewind forgets everything after mark: it comes again from the buffer. The
// batch's backoff, which would be forgotten with it, becomes the route's.
func (w *Worker) rewind(mark buffer.Mark) {
	for _, b := range w.window {
		w.pause = later(w.pause, b.retryAt)
		w.recycle(b)
	}
	w.window = w.window[:0]
	if w.next != nil {
		w.recycle(w.next)
		w.next = nil
	}
	w.losses.forget()
	w.readMark = mark
	w.opts.Buffer.Rewind(mark)
}
