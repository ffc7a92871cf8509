package handler_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// BenchmarkPolicies is Handle for records that each policy discards or keeps,
// beside one that a matcher keeps out, which is what the rest of the call costs.
func BenchmarkPolicies(b *testing.B) {
	never := 1.0 / 3600
	for _, c := range []struct {
		name string
		r    route.Route
	}{
		{"matcher", route.Route{Match: route.Group("none")}},
		{"share", route.Route{Sample: route.Sample{Share: 1e-15}}},
		{"trace", route.Route{Sample: route.Sample{Share: 1e-15, ByTrace: true}}},
		{"count", route.Route{Sample: route.Sample{First: 1, Interval: time.Hour}}},
		{"limit", route.Route{Limit: route.Limit{PerSecond: never, Burst: 1}}},
		{"key", route.Route{Limit: route.Limit{PerSecond: never, Burst: 1, Key: "tenant"}}},
		{"repeat", route.Route{Dedupe: route.Dedupe{Window: time.Hour}}},
		{"keep", route.Route{Levels: route.AtLeast(slog.LevelWarn), DebugOnError: route.DebugOnError{From: slog.LevelDebug}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.r.Name, c.r.To = "test", memory.New()
			h, err := handler.New([]route.Route{c.r}, &handler.Options{
				Dir:   b.TempDir(),
				Trace: func(context.Context) encode.Trace { return encode.Trace{TraceID: [16]byte{0: 1, 15: 1}} },
			})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close(context.Background())
			r := slog.NewRecord(time.Now(), slog.LevelInfo, "request served", 0)
			r.AddAttrs(slog.String("tenant", "a"), slog.Int("status", 200))
			b.ReportAllocs()
			for b.Loop() {
				if err := h.Handle(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
