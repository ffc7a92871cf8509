package transporttest

import (
	"testing"

	"github.com/slogship/slogship/transport"
)

// openChecks opens what is valid and what is not. Which values are valid is the
// adapter's to say; that none of them panics, and that the errors hold no secret,
// is looked at here.
func openChecks(t testing.TB, h *Harness) {
	s := begin(t, h)
	s.open()
	s.close()
	if len(h.Invalid) == 0 {
		t.Log("Harness.Invalid is empty: only a valid destination was opened")
	}
	for i, dest := range h.Invalid {
		tr, err := dest.Open()
		s.inspect(err)
		if err == nil {
			t.Errorf("Open accepted Invalid[%d]", i)
			tr.Close()
		}
	}
}

// openOffline opens a destination that cannot be reached: only Send may fail,
// and plainly, so that the records stay in the buffer.
func openOffline(t testing.TB, h *Harness) {
	s := begin(t, h)
	switch {
	case h.Unreachable != nil:
		s.dest = h.Unreachable
	case s.peer.Kill != nil:
		s.peer.kill()
	default:
		t.Skip("neither Harness.Unreachable nor Peer.Kill is set")
	}
	s.open()
	t.Cleanup(s.close)
	// A transport that cannot know at once (a datagram's error comes with the
	// next one) gets a few tries.
	for range 10 {
		if err := s.send(t.Context(), build(numbered(0, 1))); err != nil {
			s.wantPlain(err)
			return
		}
		if s.desc.Acknowledged {
			break
		}
	}
	t.Errorf("Send to a destination that cannot be reached returned nil")
}

// wantPlain fails the case if err condemns records for what is wrong with the
// destination.
func (s *session) wantPlain(err error) {
	s.t.Helper()
	if err == nil {
		s.t.Errorf("want an error")
	} else if final(err) {
		s.t.Errorf("the error condemns the records, but the destination is at fault: %v", err)
	}
}

// describe asks twice, though the worker asks once: limits that depend on what
// happened since would make the worker's batches wrong without anyone noticing.
func describe(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	d := s.desc
	if d.MaxRecords < 0 || d.MaxBytes < 0 || d.Linger < 0 || d.MaxInFlight < 0 {
		t.Errorf("a limit is negative: %+v", d)
	}
	s.deliver(numbered(0, 1))
	if again := s.tr.Describe(); again != d {
		t.Errorf("Describe changed with a Send from %+v to %+v", d, again)
	}
}

// importPaths looks for the empty prefix above all: it would keep every record of
// the program out of the route.
func importPaths(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	client, ok := s.tr.(transport.Client)
	if !ok {
		t.Skip("the transport is no transport.Client")
	}
	if len(client.ImportPaths()) == 0 {
		t.Errorf("ImportPaths is empty")
	}
	for _, path := range client.ImportPaths() {
		if path == "" {
			t.Errorf("an empty import path covers every package")
		}
	}
}
