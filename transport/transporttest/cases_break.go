package transporttest

import (
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
)

// reconnects kills the receiver while a batch is under way, and brings it back
// (T27). The transport must say that the batch failed, instead of trying again
// by itself, and must work again without being reopened. What the contract
// promises arrives: all of it where the destination acknowledges or the
// transport holds its tail, else what was sent after the receiver came back.
func reconnects(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	if s.peer.Kill == nil || s.peer.Restart == nil {
		t.Skip("Peer.Kill and Peer.Restart are not set")
	}
	w := &worker{session: s}
	w.until(10) // an ordinary start, so that there is a connection to break

	// While it hangs, for then it is certain that the batch had arrived and was not
	// answered: killed at any moment, the receiver may have been through with it.
	g := s.peer.hang()
	err := s.killDuring(g, w)
	if s.desc.Acknowledged && err == nil {
		t.Fatalf("Send returned nil for a batch that the receiver was killed in")
	}
	w.failsWhileDown()
	s.peer.Restart()
	w.drain()
}

// killDuring sends the worker's next batch and kills the receiver when it has
// taken the batch (or the part of it that makes it hang) but not answered.
func (s *session) killDuring(g *gate, w *worker) error {
	s.t.Helper()
	recs := build(numbered(w.next, w.next+s.batchSize(10)))
	// Twice the time that it may take to get there: so at least one is left when
	// the receiver dies, and who tries until ctx is done takes too long to say so.
	answer := s.call(s.t.Context(), 2*s.bounds.send, recs)
	select {
	case <-g.reached:
	case <-time.After(s.bounds.send):
		s.t.Errorf("the batch did not reach the receiver")
	}
	killed := time.Now()
	s.peer.kill()
	err := answer()
	// A transport that tries again by itself, or does not look at its
	// connection, comes back only when its ctx is done.
	if took := time.Since(killed); took > s.promptly {
		s.t.Errorf("Send took %v to return an error after the receiver was killed", took)
	}
	w.settle(err, len(recs))
	return err
}

// worker is the delivery worker's cursor over an endless run of numbered
// records: it moves on over what was accepted, back with Resend, and stays with
// other errors. What a BatchError accepts behind a record that it does not goes
// again, which costs duplicates only.
type worker struct {
	*session
	next int // the number of the record that goes next
}

// settle moves the cursor as the answer to a batch of n asks.
func (w *worker) settle(err error, n int) {
	w.t.Helper()
	w.check(err, n)
	_, first := accepted(err, n)
	w.next += first
	w.sent += first
	if err == nil {
		return
	}
	w.wantPlain(err)
	if back := transport.Classify(err, n).Resend; back > 0 {
		w.next -= back
		w.sent -= back
	}
}

// step sends the next n records, or as many of them as one Send may hold.
func (w *worker) step(n int) error {
	w.t.Helper()
	recs := build(numbered(w.next, w.next+w.batchSize(n)))
	err := w.call(w.t.Context(), w.bounds.send, recs)()
	w.settle(err, len(recs))
	return err
}

// until sends up to the record n to a working receiver, and waits for them.
func (w *worker) until(n int) {
	w.t.Helper()
	for w.next < n {
		if err := w.step(n - w.next); err != nil {
			w.t.Fatalf("Send to a working receiver: %v", err)
		}
	}
	w.arrived(upTo(n))
}

// failsWhileDown sends to the dead receiver. A transport that gets no answers
// learns of the break from the connection, which may take a few Sends.
func (w *worker) failsWhileDown() {
	w.t.Helper()
	deadline := time.Now().Add(w.bounds.send)
	for w.step(10) == nil {
		if w.desc.Acknowledged || time.Now().After(deadline) {
			w.t.Fatalf("Send to a killed receiver returned nil")
		}
	}
}

// drain sends until all that must arrive has arrived. Further records keep a
// transport busy that learns of lost ones from the connection.
func (w *worker) drain() {
	w.t.Helper()
	first, must := 0, max(w.next, 30)
	if !w.reliable() {
		first, must = w.next, w.next+1
	}
	deadline := time.Now().Add(2 * w.arrival)
	for time.Now().Before(deadline) {
		if err := w.step(10); err != nil {
			// The worker's backoff, in small: a receiver is not up at once.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if w.next < must {
			continue
		}
		if _, ok := w.peer.wait(w.t, 50*time.Millisecond, func(entries []string) bool {
			return len(w.missing(entries, first, must)) == 0
		}); ok {
			return
		}
	}
	entries, _ := w.peer.all()
	w.t.Errorf("after the receiver was back, these records never arrived: %v", w.missing(entries, first, must))
}

func (w *worker) missing(entries []string, from, to int) []int {
	got := numbersOf(entries)
	var missing []int
	for n := from; n < to; n++ {
		if !slices.Contains(got, n) {
			missing = append(missing, n)
		}
	}
	return missing
}
