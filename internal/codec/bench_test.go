package codec

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

var errRefused = errors.New("dial tcp 10.0.0.7:5432: connect: connection refused")

// benchHeader and benchAttrs are the record of the budgets: three strings, two
// integers, a duration, a bool and an error.
func benchHeader() *Header {
	now := time.Date(2026, 3, 4, 5, 6, 7, 891011121, time.UTC)
	return &Header{
		ID: encode.ID{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}, Time: now, Observed: now,
		Level: slog.LevelInfo, Message: "request finished",
	}
}

func benchAttrs() []slog.Attr {
	return []slog.Attr{
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/8f14e45f"), slog.String("remote", "203.0.113.7:51234"),
		slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("took", 1234567), slog.Bool("cached", true),
		slog.Any("err", errRefused),
	}
}

func encodeInto(dst []byte, h *Header, attrs []slog.Attr) []byte {
	dst = AppendHeader(dst, h)
	for _, a := range attrs {
		dst = AppendAttr(dst, a)
	}
	return dst
}

func BenchmarkEncode(b *testing.B) {
	h, attrs, buf := benchHeader(), benchAttrs(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = encodeInto(buf[:0], h, attrs)
	}
	b.ReportMetric(float64(len(buf)), "B/record")
}

func BenchmarkEncodeHeader(b *testing.B) {
	h, buf := benchHeader(), make([]byte, 0, 1024)
	for b.Loop() {
		buf = AppendHeader(buf[:0], h)
	}
}

func BenchmarkEncodeAttr(b *testing.B) {
	for _, a := range append(benchAttrs(), slog.Float64("f", 1.5), slog.Time("t", time.Now())) {
		b.Run(a.Key, func(b *testing.B) {
			buf := make([]byte, 0, 1024)
			for b.Loop() {
				buf = AppendAttr(buf[:0], a)
			}
		})
	}
}

// BenchmarkEncodeFull is a service's record: a local time, a trace, a source
// and a prefix from With, a wrapped error, a group.
func BenchmarkEncodeFull(b *testing.B) {
	h, buf := benchHeader(), make([]byte, 0, 1024)
	h.Time = h.Time.In(time.Local)
	h.Observed, h.Trace.Flags, h.Scope = h.Time, 1, "orders"
	h.Source = AppendSource(nil, &slog.Source{Function: "example.com/shop/orders.(*Server).get", File: "/src/shop/orders/server.go", Line: 240})
	prefix := AppendGroup(AppendAttr(AppendAttr(nil, slog.String("region", "eu")), slog.Int("shard", 3)), "http")
	attrs := append(benchAttrs()[:7], slog.Any("err", fmt.Errorf("load order: %w", errRefused)), slog.Group("user", slog.Int("id", 7), slog.String("role", "admin")))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEncoded(AppendHeader(buf[:0], h), prefix)
		for _, a := range attrs {
			buf = AppendAttr(buf, a)
		}
	}
	b.ReportMetric(float64(len(buf)), "B/record")
}

func BenchmarkDecode(b *testing.B) {
	payload := string(encodeInto(nil, benchHeader(), benchAttrs()))
	var d Decoder
	var rec encode.Record
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := d.Decode(payload, &rec); err != nil {
			b.Fatal(err)
		}
		if n++; n%100 == 0 {
			d.Reset()
		}
	}
}
