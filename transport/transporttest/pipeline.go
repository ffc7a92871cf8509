package transporttest

import (
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

// pipeline is the way that records take to a transport in production: encoded,
// through a buffer (here one without files), and decoded into memory that each
// batch uses again. Strings of a record are parts of that memory. It is the one
// way to overwrite a string's bytes without package unsafe, which belongs to
// internal/buffer alone: a transport that keeps a string finds another batch's
// bytes in it, and under -race is reported.
type pipeline struct {
	t       testing.TB
	buf     *buffer.Buffer
	chunk   buffer.Chunk
	decoder codec.Decoder
}

func newPipeline(t testing.TB) *pipeline {
	t.Helper()
	ids := byte(0)
	buf, err := buffer.Open(nil, "", &buffer.Options{
		Mode: buffer.Heap,
		// That a segment takes a while on a busy machine says nothing of a transport.
		StallTimeout: time.Minute,

		NewID: func() [16]byte { ids++; return [16]byte{ids} },
	})
	if err != nil {
		t.Fatalf("transporttest: opening a buffer: %v", err)
	}
	t.Cleanup(func() { buf.Close() })
	return &pipeline{t: t, buf: buf}
}

// batch passes records through and returns them in the memory of the batch
// before.
func (p *pipeline) batch(makers []maker) []encode.Record {
	p.t.Helper()
	for _, m := range makers {
		p.put(m())
	}
	p.chunk.Reset()
	p.decoder.Reset()
	for len(p.chunk.Entries) < len(makers) {
		if p.buf.Next(&p.chunk, len(makers)-len(p.chunk.Entries), 64<<20) == 0 {
			p.t.Fatalf("transporttest: %d of %d records came out of the buffer", len(p.chunk.Entries), len(makers))
		}
	}
	recs := make([]encode.Record, len(makers), len(makers)+1)
	for i, e := range p.chunk.Entries {
		if err := p.decoder.Decode(e.Payload, &recs[i]); err != nil {
			p.t.Fatalf("transporttest: decoding record %d: %v", i, err)
		}
		recs[i].Resource = &encode.Resource{Service: "checkout"}
	}
	p.buf.Ack(p.chunk.Entries[len(makers)-1].Mark)
	return recs
}

func (p *pipeline) put(r encode.Record) {
	p.t.Helper()
	payload := codec.AppendHeader(nil, &codec.Header{
		ID: r.ID, Time: r.Time, Observed: r.Observed, Level: r.Level, Message: r.Message, Scope: r.Scope,
		Trace: r.Trace, Source: codec.AppendSource(nil, &r.Source), Stack: r.Stack,
	})
	for _, a := range r.Attrs {
		payload = codec.AppendAttr(payload, a)
	}
	_, err := p.buf.Append(p.t.Context(), buffer.Record{
		Payload: payload, Sum: buffer.Sum(payload), Level: uint8(encode.LevelIndex(r.Level)), Time: r.Time.UnixNano(),
	})
	if err != nil {
		p.t.Fatalf("transporttest: buffering a record: %v", err)
	}
}
