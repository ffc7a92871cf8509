package crypto

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/codec"
)

func BenchmarkSeal(b *testing.B) {
	r, _ := NewKeyring(testKey(b, "k1"))
	s, err := Policy{Rules: []Rule{{Key: "secret"}}}.Compile(r, &SealerOptions{Service: "shop"})
	if err != nil {
		b.Fatal(err)
	}
	a := slog.String("secret", "0123456789abcdef0123456789abcdef")
	var sc Scratch
	dst := make([]byte, 0, 4096)
	b.Run("sealed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = s.Top().AppendAttr(dst[:0], &sc, a)
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = codec.AppendAttr(dst[:0], a)
		}
	})
}

func BenchmarkNothing(b *testing.B) {
	r, _ := NewKeyring(testKey(b, "k1"))
	s, err := Policy{Rules: []Rule{{Key: "*secret*"}, {Key: "password"}, {Path: "user.email"}}}.Compile(r, &SealerOptions{Service: "shop"})
	if err != nil {
		b.Fatal(err)
	}
	attrs := []slog.Attr{
		slog.String("method", "GET"), slog.String("path", "/api/v1/things"), slog.String("user", "u-12345678"),
		slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("elapsed", 1234567*time.Nanosecond),
		slog.Bool("cached", true), slog.Any("err", errors.New("connection refused"))}
	var sc Scratch
	dst := make([]byte, 0, 4096)
	b.Run("policy", func(b *testing.B) {
		b.ReportAllocs()
		g := s.Top()
		for b.Loop() {
			dst = dst[:0]
			for _, a := range attrs {
				dst = g.AppendAttr(dst, &sc, a)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = dst[:0]
			for _, a := range attrs {
				dst = codec.AppendAttr(dst, a)
			}
		}
	})
}

func TestFirst(t *testing.T) {
	r, _ := NewKeyring(testKey(t, "k1"))
	s, _ := Policy{Rules: []Rule{{Key: "secret"}}}.Compile(r, &SealerOptions{Service: "shop"})
	var sc Scratch
	a, ok := s.Top().Attr(&sc, slog.String("secret", "0123456789abcdef0123456789abcdef"))
	t.Log(a, ok, len(a.Value.String()))
	v, err := NewOpener(r, nil).Open(context.Background(), a.Value.String())
	t.Log(v, err)
	doc, c, err := NewOpener(r, nil).OpenJSON(context.Background(), []byte(`{"a":"`+a.Value.String()+`","b":[1, 2.0,"x `+a.Value.String()+` y"]}`))
	t.Log(string(doc), c, err)
}
