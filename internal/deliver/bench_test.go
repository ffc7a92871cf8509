package deliver

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/transport"
)

// null accepts everything.
type null struct{ sent atomic.Int64 }

func (n *null) Describe() transport.Description { return transport.Description{} }
func (n *null) Close() error                    { return nil }

func (n *null) Send(_ context.Context, recs []encode.Record) error {
	n.sent.Add(int64(len(recs)))
	return nil
}

// payload256 is a record of about 256 bytes with eight attributes.
func payload256() []byte {
	now := time.Now()
	p := codec.AppendHeader(nil, &codec.Header{ID: idOf(1), Time: now, Observed: now, Message: "request was answered"})
	for _, a := range []slog.Attr{
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/4711/items"), slog.String("user", "user-0815-4711"),
		slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("took", 1234567), slog.Bool("cached", true),
		slog.String("trace", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-and-some-more"),
	} {
		p = codec.AppendAttr(p, a)
	}
	return p
}

// Buffer to worker to a destination that costs nothing: what the worker itself
// costs, reading and decoding included. One operation is one record.
func BenchmarkDeliver(b *testing.B) {
	buf, err := buffer.Open(nil, "", &buffer.Options{
		Mode: buffer.Heap, MaxBytes: 4 << 30, StallTimeout: time.Minute,
		NewID: func() [16]byte { return [16]byte{1} },
	})
	if err != nil {
		b.Fatal(err)
	}
	p := payload256()
	sum := buffer.Sum(p)
	for range b.N {
		if _, err := buf.Append(context.Background(), buffer.Record{Payload: p, Sum: sum, Level: 2, Time: 1}); err != nil {
			b.Fatal(err)
		}
	}
	buf.Stop()
	n := new(null)
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	b.ResetTimer()
	w := Start(&Options{Route: "bench", Buffer: buf, Transport: n})
	if err := w.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if n.sent.Load() != int64(b.N) {
		b.Fatalf("sent %d of %d", n.sent.Load(), b.N)
	}
	_ = buf.Close()
}
