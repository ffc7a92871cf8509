package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// linger lets an idle worker wait a moment for more records, as Kafka's own
// producer does since 4.0. A record batch of one is mostly framing.
const linger = 5 * time.Millisecond

// sender is the transport.
//
// It speaks the protocol on kafka-go's packages protocol, compress and sasl, and
// uses neither its Writer nor its Transport. The Writer waits BatchTimeout for
// more messages although a Send never has more, retries by itself, and sends
// each partition's batch in a request of its own; the Transport answers from
// metadata that are up to 6 s old, also when they name a leader that is dead,
// and writes in goroutines that outlive the call they were given memory by.
type sender struct {
	dest   *Destination // with defaults; never changed
	router *router
	key    string // attribute path; "": the trace id
	conns  conns

	mu       sync.Mutex // held by Send, Probe and Close
	cluster  cluster    // guarded by mu
	messages messages   // guarded by mu; memory that is used again
	pins     pins       // guarded by mu
}

// Describe says that nil is the brokers' own answer.
func (s *sender) Describe() transport.Description {
	return transport.Description{
		MaxRecords: s.dest.MaxRecords, MaxBytes: s.dest.MaxBytes, Linger: linger, MaxInFlight: 1, Acknowledged: true,
	}
}

// ImportPaths names the client library.
func (s *sender) ImportPaths() []string { return []string{"github.com/segmentio/kafka-go"} }

// Send delivers recs and returns when the leaders of their partitions, and all
// replicas that are in sync, have them. See the package's Errors section.
func (s *sender) Send(ctx context.Context, recs []encode.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	answers := transport.AnswersFor(len(recs))
	used := s.encode(recs, &answers)
	if len(used) == 0 {
		return answers.Err()
	}
	if err := s.cluster.refresh(ctx, used); err != nil {
		return s.failure(err)
	}
	d := delivery{sender: s, answers: &answers}
	d.balance()
	for d.round(ctx) {
	}
	return s.result(&answers, len(recs))
}

// ready returns what Send has to return without looking at its records.
func (s *sender) ready(ctx context.Context) error {
	if s.conns.isClosed() {
		return transport.ErrClosed
	}
	if err := context.Cause(ctx); err != nil {
		return s.failure(err)
	}
	return nil
}

// encode makes messages of recs and returns the topics that they go to.
func (s *sender) encode(recs []encode.Record, answers *transport.Answers) (used []*topic) {
	s.messages.reset()
	seen := make(map[*topic]bool, 1)
	for i := range recs {
		var t *topic
		name, err := s.router.route(recs[i].Attrs)
		if err == nil {
			t = s.cluster.topics[name]
			err = s.messages.add(s, &recs[i], t)
		} else {
			err = transport.Permanent(fmt.Errorf("kafka: route: %w", err))
		}
		if err != nil {
			answers.Set(i, err)
			s.messages.all = append(s.messages.all, message{})
			continue
		}
		if !seen[t] {
			seen[t] = true
			used = append(used, t)
		}
	}
	return used
}

// result makes one plain error of answers that are all that: a BatchError says
// that records fared differently.
func (s *sender) result(answers *transport.Answers, size int) error {
	for i := range size {
		err := answers.At(i)
		if err == nil || transport.Classify(err, 1).Permanent {
			return answers.Err()
		}
	}
	return answers.At(0)
}

// Probe asks for the metadata, and creates what may be created.
func (s *sender) Probe(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	if k := s.cluster.seed.conn; k != nil && k.Look() != nil {
		s.cluster.drop(s.cluster.seed)
	}
	s.cluster.stale()
	var used []*topic
	if t := s.cluster.topics[s.router.fixed]; t != nil {
		used = append(used, t)
	}
	if err := s.cluster.refresh(ctx, used); err != nil {
		return s.failure(err)
	}
	for _, t := range used {
		if t.err != nil {
			return s.failure(t.err)
		}
	}
	return nil
}

func (s *sender) failure(err error) error { return fmt.Errorf("kafka: %w", err) }

// Close closes the connections. Those of an abandoned Send are cut off, which
// ends it.
func (s *sender) Close() error {
	if !s.mu.TryLock() {
		s.conns.abort()
		return nil
	}
	defer s.mu.Unlock()
	s.cluster.drop(s.cluster.seed)
	for _, b := range s.cluster.brokers {
		s.cluster.drop(b)
	}
	s.conns.abort()
	return nil
}
