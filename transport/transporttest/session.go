package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// bounds are times by which something must have happened, never pauses: a
// healthy transport meets none of them.
type bounds struct {
	send     time.Duration // the deadline of a Send that should succeed
	promptly time.Duration // what a busy machine may add to "at once"; less than send
	arrival  time.Duration // for what was sent to be seen
	patience time.Duration // the deadline of a Send that must not be answered in time
}

// session is one case's transport, receiver and play of the delivery worker.
type session struct {
	t    testing.TB
	h    *Harness
	peer *Peer
	dest transport.Destination
	tr   transport.Transport   // nil until open
	desc transport.Description // set by open
	bounds
	sent int // records that Send accepted, less those of Resend
}

// begin starts the case's receiver.
func begin(t testing.TB, h *Harness) *session {
	t.Helper()
	p := newPeer()
	s := &session{t: t, h: h, peer: p, dest: h.Start(t, p), bounds: h.bounds()}
	// After Start's own cleanups, so before them: they may wait for a
	// receiver that the case left hanging.
	t.Cleanup(p.resume)
	return s
}

// beginOpen starts the receiver and opens a transport to it.
func beginOpen(t testing.TB, h *Harness) *session {
	t.Helper()
	s := begin(t, h)
	s.open()
	t.Cleanup(s.close)
	return s
}

// open also asks for the Description, before the first Send, as the worker does.
func (s *session) open() {
	s.t.Helper()
	tr, err := s.dest.Open()
	s.inspect(err)
	if err != nil {
		s.t.Fatalf("Open: %v", err)
	}
	s.tr, s.desc = tr, tr.Describe()
}

// close closes the transport once; a case may have done so itself. Closing after
// a case has failed is bounded as well, or one hanging Close would hide which
// sentence was broken.
func (s *session) close() {
	s.t.Helper()
	if s.tr == nil {
		return
	}
	tr := s.tr
	s.tr = nil
	closed := make(chan error, 1)
	go func() { closed <- tr.Close() }()
	select {
	case err := <-closed:
		s.inspect(err)
	case <-time.After(s.bounds.send):
		s.t.Errorf("Close did not return within %v", s.bounds.send)
	}
}

// send calls Send as the worker does, checks its answer and counts.
func (s *session) send(ctx context.Context, recs []encode.Record) error {
	s.t.Helper()
	return s.sendWithin(ctx, s.bounds.send, recs)
}

// sendWithin is send with a deadline of its own.
func (s *session) sendWithin(ctx context.Context, d time.Duration, recs []encode.Record) error {
	s.t.Helper()
	err := s.call(ctx, d, recs)()
	s.check(err, len(recs))
	all, _ := accepted(err, len(recs))
	s.sent += all
	return err
}

// accepted returns how many records of a batch of n were taken, by Send's answer,
// and how many of them come before the first that was not.
func accepted(err error, n int) (all, first int) {
	if err == nil {
		return n, n
	}
	if batch := transport.Classify(err, n).Batch; batch != nil {
		for i, child := range batch.Errs {
			if child == nil {
				all++
				if first == i {
					first++
				}
			}
		}
	}
	return all, first
}

// call starts a Send and returns a function that waits for its answer. It
// checks what holds for each call: Send returns when its ctx is done and has
// not changed the batch. Afterwards the batch is poisoned. The time d begins
// when all is prepared: on a busy machine that alone may take as long.
func (s *session) call(ctx context.Context, d time.Duration, recs []encode.Record) (answer func() error) {
	before := fingerprint(recs)
	ctx, cancel := context.WithTimeout(ctx, d)
	returned := make(chan error, 1)
	go func() { returned <- s.tr.Send(ctx, recs) }()
	return func() (err error) {
		s.t.Helper()
		defer cancel()
		select {
		case err = <-returned:
		case <-s.overdue(ctx):
			s.t.Fatalf("Send did not return within %v after its ctx was done", s.promptly)
		}
		if fingerprint(recs) != before {
			s.t.Errorf("Send modified recs or what they point to")
		}
		poison(recs)
		return err
	}
}

// overdue returns a channel that is closed some time after ctx is done.
func (s *session) overdue(ctx context.Context) <-chan struct{} {
	late := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(s.promptly, func() { close(late) }) })
	return late
}

// check looks at what Send returned for a batch of size. The worker copes with a
// BatchError of another length (it takes it for a plain error) and with a Resend
// of too much (it rewinds to its acknowledged position), and so hides the mistake
// behind duplicates. Here it is one.
func (s *session) check(err error, size int) {
	s.t.Helper()
	s.inspect(err)
	if batch, ok := errors.AsType[*transport.BatchError](err); ok && len(batch.Errs) != size {
		s.t.Errorf("BatchError holds %d answers for a batch of %d", len(batch.Errs), size)
	}
	if n := transport.Classify(err, size).Resend; n < 0 || n > s.sent {
		s.t.Errorf("Resend asks for %d records, %d were sent", n, s.sent)
	}
}

// inspect looks for secrets in an error, in each way that a program may print
// it (S10).
func (s *session) inspect(err error) {
	s.t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error() + fmt.Sprintf("%v %+v %#v", err, err, err)
		for _, secret := range s.h.Secrets {
			if strings.Contains(text, secret) {
				s.t.Errorf("an error holds the secret %q: %#v", secret, err)
			}
		}
	}
}

// deliver sends batches as the worker does: it splits what is too large and
// bisects what is refused. It reports for each record whether it was taken. An
// error that asks for the same batch again fails the case.
func (s *session) deliver(makers []maker) []bool {
	s.t.Helper()
	var taken []bool
	for batch := range slices.Chunk(makers, s.batchSize(len(makers))) {
		taken = append(taken, s.deliverBatch(batch)...)
		s.pace(count(taken))
	}
	return taken
}

// pace waits until want records have arrived, where one that is sent too soon
// may be lost: a datagram is when the receiver's buffer is full.
func (s *session) pace(want int) {
	s.t.Helper()
	if !s.reliable() {
		s.peer.wait(s.t, s.arrival, func(entries []string) bool { return len(entries) >= want })
	}
}

// deliverBatch sends one batch, and its halves if it is refused as a whole. A
// record that is refused alone is one for the dead letter: not taken, and not a
// failure.
func (s *session) deliverBatch(makers []maker) []bool {
	s.t.Helper()
	taken := make([]bool, len(makers))
	err := s.send(s.t.Context(), build(makers))
	out := transport.Classify(err, len(makers))
	switch {
	case err == nil:
		for i := range taken {
			taken[i] = true
		}
	case out.Batch != nil:
		for i, child := range out.Batch.Errs {
			taken[i] = child == nil
			if child != nil && !final(child) {
				s.t.Fatalf("record %d of a batch: want accepted or permanent, got %v", i, child)
			}
		}
	case !final(err):
		s.t.Fatalf("Send to a working receiver: %v", err)
	case len(makers) > 1:
		half := len(makers) / 2
		return append(s.deliverBatch(makers[:half]), s.deliverBatch(makers[half:])...)
	}
	return taken
}

// final reports whether err says that the records will be refused every time.
func final(err error) bool {
	out := transport.Classify(err, 1)
	return out.Resend == 0 && (out.Permanent || out.TooLarge)
}

// reliable reports whether what Send returned nil for arrives. Without an answer,
// a tail that is held or a file to read, the contract promises nothing.
func (s *session) reliable() bool {
	_, holder := s.tr.(transport.Holder)
	return s.desc.Acknowledged || holder || s.peer.Read != nil
}

// batchSize returns how many of n ordinary records one Send may hold. 2 KiB is
// more than one takes in the buffer.
func (s *session) batchSize(n int) int {
	if s.desc.MaxRecords > 0 {
		n = min(n, s.desc.MaxRecords)
	}
	if s.desc.MaxBytes > 0 {
		n = min(n, s.desc.MaxBytes/2048)
	}
	return max(n, 1)
}

// arrived waits for the records with the numbers want and nothing else, in that
// order. Where nil from Send is the destination's own answer, or what was sent
// can be read, there is nothing to wait for.
func (s *session) arrived(want []int) {
	s.t.Helper()
	within := s.arrival
	if s.desc.Acknowledged {
		within = 0
	}
	entries, _ := s.peer.wait(s.t, within, func(entries []string) bool { return len(entries) >= len(want) })
	if got := numbersOf(entries); !slices.Equal(got, want) {
		s.t.Errorf("records arrived: %v\nwant: %v", got, want)
	}
	for _, e := range entries {
		if strings.Contains(e, poisoned) || strings.Contains(e, sentinel) {
			s.t.Errorf("memory that Send was lent was read after it had returned: %q", clip(e))
		}
	}
}

// upTo returns the numbers of the first n records.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func count(taken []bool) int {
	n := 0
	for _, t := range taken {
		if t {
			n++
		}
	}
	return n
}

// clip shortens an entry for a message.
func clip(s string) string {
	if len(s) > 400 {
		return s[:400] + "…"
	}
	return s
}
