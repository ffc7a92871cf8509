package grpc

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// typical is a record with eight attributes, as DESIGN's budgets have.
func typical(i int) encode.Record {
	rec := encode.Record{
		Time: time.Now(), Message: "request served", Resource: &encode.Resource{Service: "shop"},
		Attrs: []slog.Attr{
			slog.String("method", "GET"), slog.String("path", "/api/v1/orders/8812"),
			slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
			slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("took", 1532*time.Microsecond), slog.Bool("cached", true),
			slog.Any("err", &encode.Error{Type: "*errors.errorString", Message: "upstream closed the connection"}),
		},
	}
	rec.ID = encode.ID{1, 2, 3, 4, 5, 6, 7, 8, byte(i), byte(i >> 8), byte(i >> 16)}
	return rec
}

func typicals(n int) []encode.Record {
	recs := make([]encode.Record, n)
	for i := range recs {
		recs[i] = typical(i)
	}
	return recs
}

func BenchmarkEncode(b *testing.B) {
	for name, refs := range map[string]uint32{"numbered": maxStringRef, "in full": 0} {
		b.Run(name, func(b *testing.B) {
			s, rec, buf := newTestSession(refs, 1), typical(1), []byte(nil)
			for b.Loop() {
				buf = s.appendEntry(buf[:0], &rec)
			}
			b.ReportMetric(float64(len(buf)), "bytes")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	s, recs, d := newTestSession(maxStringRef, 1), typicals(100), &decoder{limit: 1000}
	for range 3 { // the first two tell the numbers
		var msg []byte
		for i := range recs {
			msg = s.appendEntry(msg, &recs[i])
		}
		if _, err := d.decode(string(msg)); err != nil {
			b.Fatal(err)
		}
	}
	var msg []byte
	for i := range recs {
		msg = s.appendEntry(msg, &recs[i])
	}
	text := string(msg)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.decode(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
}

func BenchmarkSend(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ca := testpki.New(b, "authority")
	r, err := NewReceiver(func(context.Context, []encode.Record) error { return nil }, &ReceiverOptions{
		Remembered: -1, TLS: &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}},
	})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = r.Serve(l) }() // until Stop
	defer r.Stop(b.Context())
	tr, err := (Destination{Addr: l.Addr().String(), TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}}).Open()
	if err != nil {
		b.Fatal(err)
	}
	defer tr.Close()
	recs := typicals(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := tr.Send(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(recs)), "ns/record")
}
