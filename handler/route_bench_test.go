package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// BenchmarkTenRoutes is the budget of routing: ten routes on level and one
// attribute, of which one takes the record, beside one route that takes all.
// The difference, at most 60 ns, is what the ten cost.
func BenchmarkTenRoutes(b *testing.B) {
	one := []route.Route{{Name: "r0", To: null{}}}
	var ten []route.Route
	for i := range 10 {
		ten = append(ten, route.Route{
			Name: fmt.Sprintf("r%d", i), To: null{}, Levels: route.AtLeast(slog.LevelInfo),
			Match: route.Equals("tenant", fmt.Sprintf("tenant-%d", i)),
		})
	}
	for name, routes := range map[string][]route.Route{"one": one, "ten": ten, "none": ten[:9]} {
		b.Run(name, func(b *testing.B) {
			h, err := handler.New(routes, &handler.Options{Dir: b.TempDir(), OnError: func(error) {}})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close(context.Background())
			benchmarkTenant(b, slog.New(h))
		})
	}
}

func benchmarkTenant(b *testing.B, l *slog.Logger) {
	ctx, err := context.Background(), errors.New("connection refused")
	b.ReportAllocs()
	for b.Loop() {
		l.LogAttrs(ctx, slog.LevelInfo, "request handled",
			slog.String("method", "GET"), slog.String("path", "/api/v1/things"), slog.String("tenant", "tenant-9"),
			slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("elapsed", 1234567*time.Nanosecond),
			slog.Bool("cached", true), slog.Any("err", err))
	}
}

// BenchmarkEnabled is a call that no route wants, by how the routes have their
// levels.
func BenchmarkEnabled(b *testing.B) {
	levels, err := route.NewScopeLevels("db.pool=WARN,http=DEBUG,INFO")
	if err != nil {
		b.Fatal(err)
	}
	var v slog.LevelVar
	for name, l := range map[string]route.Levels{
		"static": route.AtLeast(slog.LevelInfo), "LevelVar": route.AtLeast(&v), "scopes": route.PerScope(levels),
	} {
		b.Run(name, func(b *testing.B) {
			h, err := handler.New([]route.Route{{Name: "a", To: null{}, Levels: l}}, &handler.Options{InMemory: true})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close(context.Background())
			h, ctx := h.WithScope("db.pool.conn"), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if h.Enabled(ctx, slog.LevelDebug) {
					b.Fatal("enabled")
				}
			}
		})
	}
}
