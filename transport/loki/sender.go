package loki

import (
	"context"
	"net/http"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// linger lets an idle worker wait a moment for more: each request costs Loki as
// much as some hundred lines, and nobody looks at them sooner.
const linger = 200 * time.Millisecond

// sender is the transport. Its fields do not change after Open, but for what
// guards itself.
type sender struct {
	dest    *Destination
	client  *httppost.Client
	labels  *labeler
	format  format
	entries *entries
	scratch scratch
}

var _ transport.Transport = (*sender)(nil)

// Describe: the destination acknowledges.
func (s *sender) Describe() transport.Description {
	return transport.Description{
		MaxRecords: s.dest.MaxRecords, MaxBytes: s.dest.MaxBytes, MaxInFlight: s.dest.MaxInFlight,
		Linger: linger, Acknowledged: true,
	}
}

// Send makes one request for each stream in recs, one after the other.
//
// One request for all of them was rejected. Loki answers such a one with what
// became of its last stream: where an ingester refuses entries of another (429 and
// "too far behind"), the answer is 204 all the same, and they are gone. And of a
// 400 nobody could tell whom it is about.
func (s *sender) Send(ctx context.Context, recs []encode.Record) error {
	answers := transport.AnswersFor(len(recs))
	all := s.streams(recs)
	v := verdict{answers: &answers}
	for i := range all {
		sent, err := s.post(ctx, recs, &all[i], &answers)
		if v.take(&all[i], sent, err) {
			continue
		}
		// The server does not live, or wants no more: the other streams wait.
		for k := i; k < len(all); k++ {
			v.mark(&all[k], err)
		}
		break
	}
	return v.result()
}

// post makes the request for one stream. sent is how many of its records are in
// it: those that the encoder took.
func (s *sender) post(ctx context.Context, recs []encode.Record, st *stream, answers *transport.Answers) (sent int, err error) {
	_, err = s.client.Post(ctx, &httppost.Request{
		Body: func(dst []byte) (body []byte) {
			body, sent = s.body(dst, recs, st, answers)
			return body
		},
		Takes:  stored,
		Refuse: refused,
	})
	return sent, err
}

// stored reports whether a status says that Loki has the entries. 2xx alone does
// not: 260 is its answer while ingestion is blocked for a tenant
// (block_ingestion_until), made up so that clients which do not look closely
// throw their logs away.
func stored(status int) bool { return status == http.StatusNoContent || status == http.StatusOK }

// refused passes on what is about the entries as it is, for the verdict, and
// everything else by the table of package httpstatus.
func refused(e *httpstatus.Error) error {
	if aboutEntries(e) {
		return e
	}
	return e.Outcome()
}

func aboutEntries(e *httpstatus.Error) bool {
	class := httpstatus.Classify(e.Status)
	return class == httpstatus.Refused || class == httpstatus.TooLarge
}

// body appends the request for one stream; nothing if it has no entries.
func (s *sender) body(dst []byte, recs []encode.Record, st *stream, answers *transport.Answers) (body []byte, sent int) {
	plain := s.scratch.get()
	defer s.scratch.put(plain)
	en := s.entries.get()
	defer s.entries.put(en)
	b := s.format.begin((*plain)[:0], st.labels)
	for i := range st.members {
		m := &st.members[i]
		if err := s.entries.fill(en, &recs[m.index], m); err != nil {
			m.refused = true
			answers.Set(m.index, transport.Permanent(err))
			continue
		}
		b = s.format.entry(b, en)
		sent++
	}
	b = s.format.end(b, 0)
	*plain = b
	switch {
	case sent == 0:
		return dst, 0
	case s.dest.Format == Protobuf:
		return appendSnappy(dst, b), sent
	default:
		return append(dst, b...), sent
	}
}

// appendSnappy appends src as one block of Snappy, which is how Loki reads
// protobuf, whatever Content-Encoding says; so this is not the client's
// compression, which leaves small bodies alone. The library is the one that
// package https has for zstd: a compressor of our own would be slower and one more
// thing to get wrong, and literals alone, which are a few lines, ten times as large.
func appendSnappy(dst, src []byte) []byte {
	start := len(dst)
	most := s2.MaxEncodedLen(len(src))
	if cap(dst)-start < most {
		dst = append(make([]byte, 0, start+most), dst...)
	}
	packed := s2.EncodeSnappy(dst[start:start+most], src)
	return dst[:start+len(packed)]
}

// Close closes the connections, those of an abandoned Send with its return.
func (s *sender) Close() error {
	s.client.Close()
	return nil
}
