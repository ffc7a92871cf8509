package grpc

import (
	"errors"
	"fmt"
	"sync"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

var (
	errProtocol  = errors.New("an answer that fits nothing that was sent")
	errRefused   = errors.New("the receiver refused the record")
	errUntaken   = errors.New("the receiver has not taken the record")
	errStreamEnd = errors.New("the receiver ended the stream")
)

// request is a request that has no answer yet.
type request struct {
	sequence    uint64
	flight      *flight
	first, size int // which of the flight's records are in it
	bytes       int
}

// window is the requests of a stream that have no answer, and what is said of
// them. Senders add and wait, the stream's goroutine answers and ends it.
type window struct {
	most, mostBytes int

	mu      sync.Mutex
	changed sync.Cond // of mu: an answer came, or the end
	waiting []request // guarded by mu; the oldest first
	bytes   int       // guarded by mu; of waiting
	crowd   int       // guarded by mu; who waits for room
	last    uint64    // guarded by mu; the sequence of the newest that was added
	err     error     // guarded by mu; why the stream ended; nil while it lives
	guilty  *flight   // guarded by mu; set with err: whose request was the oldest
}

func newWindow(most, mostBytes int) *window {
	w := &window{most: most, mostBytes: mostBytes}
	w.changed.L = &w.mu
	return w
}

// add waits for room and counts a request in. One that is larger than the
// window goes alone. It returns the request's sequence.
func (w *window) add(r request) (sequence uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.crowd++
	for w.err == nil && len(w.waiting) > 0 && (len(w.waiting) >= w.most || w.bytes+r.bytes > w.mostBytes) {
		w.changed.Wait()
	}
	w.crowd--
	if w.err != nil {
		return 0, w.err
	}
	w.last++
	r.sequence = w.last
	w.waiting = append(w.waiting, r)
	w.bytes += r.bytes
	r.flight.open++
	return w.last, nil
}

// wait returns when each request of f has its answer, or the stream has ended.
func (w *window) wait(f *flight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f.waiting = true
	for w.err == nil && f.open > 0 {
		w.changed.Wait()
	}
}

// end makes err the stream's end, once, and lets go of all flights.
func (w *window) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.err = err
	if len(w.waiting) > 0 {
		w.guilty = w.waiting[0].flight
	}
	w.waiting, w.bytes = nil, 0
	w.changed.Broadcast()
}

// ended returns why the stream ended, nil if it lives.
func (w *window) ended() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// idle reports whether everything has its answer.
func (w *window) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting) == 0
}

// answer takes a PushResponse. An error means that the two sides do not agree
// on what was sent, and ends the stream.
func (w *window) answer(a *logpb.PushResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := 0
	for done < len(w.waiting) && w.waiting[done].sequence <= a.GetSequence() {
		done++
	}
	if done == 0 || w.waiting[done-1].sequence != a.GetSequence() {
		return fmt.Errorf("answer %d: %w", a.GetSequence(), errProtocol)
	}
	newest := w.waiting[done-1]
	for _, refusal := range a.GetRefused() {
		if uint64(refusal.GetIndex()) >= uint64(newest.size) {
			return fmt.Errorf("answer %d: refuses entry %d of %d: %w", a.GetSequence(), refusal.GetIndex(), newest.size, errProtocol)
		}
	}
	for _, refusal := range a.GetRefused() { // all are believed, or none
		newest.flight.refuse(newest.first+int(refusal.GetIndex()), refusal)
	}
	wake := w.crowd > 0
	for _, r := range w.waiting[:done] {
		if r.flight.answered(r) {
			wake = true
		}
		w.bytes -= r.bytes
	}
	w.waiting = append(w.waiting[:0], w.waiting[done:]...)
	if wake { // and not for each request of a Send that waits for the last
		w.changed.Broadcast()
	}
	return nil
}

// refusedBy is the error of one refused record.
func refusedBy(r *logpb.Refusal, text string) error {
	if !r.GetPermanent() {
		return fmt.Errorf("grpc: %w: %s", errUntaken, text)
	}
	return transport.Permanent(fmt.Errorf("grpc: %w: %s", errRefused, text))
}
