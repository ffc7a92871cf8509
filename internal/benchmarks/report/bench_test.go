package main

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

// BenchmarkCall is the slog call at full speed, alone and from all cores.
func BenchmarkCall(b *testing.B) {
	h, err := openHandler(b.TempDir(), 1, benchmarks.Sink{}, route.Levels{})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close(context.Background())
	for _, c := range []struct {
		name string
		h    slog.Handler
	}{
		{"slogship", h}, {"nothing", benchmarks.Nothing{}},
		{"json", slog.NewJSONHandler(io.Discard, nil)}, {"otel", benchmarks.OTel()},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			calls(c.h)(b.N)
		})
		b.Run(c.name+"/parallel", func(b *testing.B) {
			l := slog.New(c.h)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					call(l, context.Background())
				}
			})
		})
	}
}
