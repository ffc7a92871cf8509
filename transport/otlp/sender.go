package otlp

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// sender is the transport. Its fields do not change after Open, but for what
// guards itself.
type sender struct {
	dest    *Destination
	url     string // redacted
	client  *httppost.Client
	zip     httppost.Compressor // of gRPC's messages; nil: they are not compressed
	show    shower
	scratch sync.Pool // of *builder
	plain   sync.Pool // of *[]byte
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Client    = (*sender)(nil)
)

// Describe: the destination acknowledges.
func (s *sender) Describe() transport.Description {
	return transport.Description{
		MaxRecords: s.dest.MaxRecords, MaxBytes: s.dest.MaxBytes, MaxInFlight: s.dest.MaxInFlight, Acknowledged: true,
	}
}

// ImportPaths names the SDK: what it logs about its own exporters must not become
// records for a collector that does not answer.
func (s *sender) ImportPaths() []string { return []string{"go.opentelemetry.io/otel"} }

// Send makes one request of recs, or as many as MaxMessage demands, one after the
// other.
func (s *sender) Send(ctx context.Context, recs []encode.Record) error {
	v := verdict{answers: transport.AnswersFor(len(recs)), size: len(recs)}
	for from := 0; from < len(recs); {
		a, err := s.request(ctx, recs, from, &v.answers)
		a.err = err
		if a.sent > 0 && !v.take(a) {
			v.mark(a.to, len(recs), err)
			break
		}
		if a.to == from { // no body was asked for: the transport is closed
			return err
		}
		from = a.to
	}
	return v.result()
}

// attempt is what became of one request: of the records from one index to before
// another, those that could be in a request at all.
type attempt struct {
	from, to, sent int
	rejected       int // by a partial success
	partial        error
	err            error
}

// request sends the first records of recs[from:] that fit into a request.
func (s *sender) request(ctx context.Context, recs []encode.Record, from int, answers *transport.Answers) (attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, s.dest.Timeout)
	defer cancel()
	a := attempt{from: from, to: from}
	_, err := s.client.Post(ctx, &httppost.Request{
		Body: func(dst []byte) []byte { return s.body(dst, recs, &a, answers) },
		Answer: func(resp *http.Response, whole bool, mask func(string) string) error {
			return s.answer(resp, whole, mask, &a)
		},
		Refuse: s.refused,
	})
	return a, err
}

// refused is the table of package httpstatus. Over gRPC no HTTP status is about
// records: it is some proxy's.
func (s *sender) refused(e *httpstatus.Error) error {
	if s.dest.Protocol == HTTP || httpstatus.Classify(e.Status) != httpstatus.Refused {
		return e.Outcome()
	}
	return e
}

// body appends a request and notes in a how far it goes.
func (s *sender) body(dst []byte, recs []encode.Record, a *attempt, answers *transport.Answers) []byte {
	b, ok := s.scratch.Get().(*builder)
	if !ok {
		b = &builder{service: s.dest.Service, limit: s.dest.MaxMessage}
	}
	defer s.scratch.Put(b)
	if s.dest.Protocol == GRPC {
		return s.frame(dst, func(plain []byte) []byte { return b.fill(plain, recs, a, answers) })
	}
	return b.fill(dst, recs, a, answers)
}

// fill appends as many of recs, from a.from on, as a request may have. It forgets
// the records afterwards: their memory is the worker's.
func (b *builder) fill(dst []byte, recs []encode.Record, a *attempt, answers *transport.Answers) []byte {
	b.begin(dst)
	for a.to = a.from; a.to < len(recs); a.to++ {
		if b.add(&recs[a.to]) {
			a.sent++
			continue
		}
		if a.sent > 0 {
			break // the next request's first
		}
		answers.Set(a.to, transport.Permanent(fmt.Errorf("otlp: send %v: %w: more than %d bytes alone (MaxMessage)",
			recs[a.to].ID, transport.ErrTooLarge, b.limit)))
	}
	dst = b.end()
	b.names, b.scope = names{}, ""
	return dst
}

// Close closes the connections, those of an abandoned Send with its return.
func (s *sender) Close() error {
	s.client.Close()
	return nil
}
