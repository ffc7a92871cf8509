package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Sink is a destination and what it has received. It may be opened any number
// of times, by several routes or one handler after another: all that arrives is
// in the one Sink. All methods are safe for concurrent use.
type Sink struct {
	mu      sync.Mutex
	records []encode.Record // guarded by mu; the elements are never written to again
	fail    error           // guarded by mu; what Send returns instead of taking records
	grown   chan struct{}   // guarded by mu; closed when records grow; nil while nobody waits
}

var _ transport.Destination = (*Sink)(nil)

// New returns an empty Sink.
func New() *Sink { return &Sink{} }

// Open returns a transport into the Sink. The error is always nil.
func (s *Sink) Open() (transport.Transport, error) { return &inlet{sink: s}, nil }

// Records returns what has arrived since New or Reset, in that order. The
// records are the caller's: they share no memory with the Sink.
func (s *Sink) Records() []encode.Record {
	s.mu.Lock()
	records := slices.Clone(s.records)
	s.mu.Unlock()
	for i := range records {
		records[i] = records[i].Clone()
	}
	return records
}

// Messages returns the messages of what has arrived, in that order.
func (s *Sink) Messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages := make([]string, len(s.records))
	for i := range s.records {
		messages[i] = s.records[i].Message
	}
	return messages
}

// Wait waits until at least n records have arrived since New or Reset and
// returns all there are. Its error is about ctx and says how many there were;
// the records that did arrive are returned with it.
func (s *Sink) Wait(ctx context.Context, n int) ([]encode.Record, error) {
	for {
		grown, have := s.growth(n)
		if have >= n {
			return s.Records(), nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return s.Records(), fmt.Errorf("memory: wait for %d records, have %d: %w", n, have, context.Cause(ctx))
		}
	}
}

// growth returns how many records there are, and if they are fewer than n a
// channel that is closed when there are more. The channel is made here and not
// in New, so that it belongs to the caller's testing/synctest bubble even if
// the Sink was made outside.
func (s *Sink) growth(n int) (grown <-chan struct{}, have int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.records) < n && s.grown == nil {
		s.grown = make(chan struct{})
	}
	return s.grown, len(s.records)
}

// Reset forgets what has arrived. It leaves [Sink.Fail] as it is.
func (s *Sink) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
}

// Fail makes every Send return err and take nothing, until Fail(nil). Wrap err
// with [transport.Permanent] or [transport.RetryAfter] to play a destination
// that refuses or that asks for a pause.
func (s *Sink) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *Sink) take(recs []encode.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for i := range recs {
		s.records = append(s.records, recs[i].Clone())
	}
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
	return nil
}
