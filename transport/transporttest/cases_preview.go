package transporttest

import (
	"bytes"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// preview asks before a Send, during many, and after Close. The record's memory
// is poisoned after each, as the worker's would be overwritten. What it returns
// has to be the caller's own, so the first answer is looked at again at the end;
// that it shares no memory with a Send is for the race detector to see.
func preview(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	p, ok := s.tr.(transport.Previewer)
	if !ok {
		t.Skip("the transport is no transport.Previewer")
	}
	first := previewOf(t, p)
	kept := bytes.Clone(first)
	if len(first) == 0 {
		t.Errorf("Preview returned nothing")
	}
	if entries, _ := s.peer.all(); len(entries) > 0 {
		t.Errorf("Preview sent a record: %q", entries)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			if again := previewOf(t, p); !bytes.Equal(again, kept) {
				t.Errorf("Preview of the same record is %q, and was %q", again, kept)
				return
			}
		}
	}()
	s.deliver(numbered(0, 20))
	<-done
	s.close()
	if again := previewOf(t, p); !bytes.Equal(again, kept) || !bytes.Equal(first, kept) {
		t.Errorf("Preview after Close is %q and the first %q, which was %q", again, first, kept)
	}
}

func previewOf(t testing.TB, p transport.Previewer) []byte {
	recs := build(numbered(0, 1))
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	recs[0].ID, recs[0].Time, recs[0].Observed = encode.ID{1}, at, at
	out, err := p.Preview(&recs[0])
	if err != nil {
		t.Errorf("Preview: %v", err)
	}
	poison(recs)
	return out
}
