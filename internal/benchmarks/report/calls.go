package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

var errUpstream = errors.New("upstream closed the connection")

// call is the log call of all budgets, as a service would write it.
func call(l *slog.Logger, ctx context.Context) {
	l.LogAttrs(ctx, slog.LevelInfo, "request served",
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/8812"),
		slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
		slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("took", 1532*time.Microsecond),
		slog.Bool("cached", true), slog.Any("err", errUpstream))
}

func calls(h slog.Handler) func(int) {
	l, ctx := slog.New(h), context.Background()
	return func(n int) {
		for range n {
			call(l, ctx)
		}
	}
}

// openHandler opens a handler with n durable routes to a destination.
func openHandler(dir string, n int, to benchmarks.Sink, levels route.Levels) (*handler.Handler, error) {
	var routes []route.Route
	for i := range n {
		routes = append(routes, route.Route{Name: fmt.Sprintf("r%d", i), To: to, Levels: levels})
	}
	return handler.New(routes, &handler.Options{Dir: dir, OnError: func(error) {}})
}

// handlers measures the whole slog call beside the handlers of others.
func handlers(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-calls-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	var hs []*handler.Handler
	for _, n := range []int{1, 3} {
		h, err := openHandler(filepath.Join(dir, fmt.Sprint(n)), n, benchmarks.Sink{}, route.Levels{})
		if err != nil {
			return nil, err
		}
		defer h.Close(ctx)
		hs = append(hs, h)
	}
	f, err := os.Create(filepath.Join(dir, "json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const n = 2000
	m := compare(rounds, subject{calls(hs[0]), n}, subject{calls(benchmarks.Nothing{}), n},
		subject{calls(slog.NewJSONHandler(io.Discard, nil)), n}, subject{calls(slog.NewJSONHandler(f, nil)), n},
		subject{calls(benchmarks.OTel()), n}, subject{calls(hs[1]), n})
	dropped := uint64(0)
	for _, h := range hs {
		for _, r := range h.Stats().Routes {
			dropped += r.Dropped.Total()
		}
	}
	ours, nothing := calls(hs[0]), calls(benchmarks.Nothing{})
	allocs := testing.AllocsPerRun(2000, func() { ours(1) }) - testing.AllocsPerRun(2000, func() { nothing(1) })
	return []row{
		ratio("slog call into one durable route : a handler that does nothing", m[0], m[1], 1.8),
		ratio("… : slog.JSONHandler to io.Discard", m[0], m[2], 0.55),
		ratio("… : slog.JSONHandler to a file", m[0], m[3], 0.28),
		ratio("… : otelslog + BatchProcessor", m[0], m[4], 0.2),
		{what: "each further route", got: (m[5] - m[0]) / 2, budget: 80, unit: "ns", note: "of three routes"},
		{what: "heap allocations per call, beyond those of slog", got: allocs},
		{what: "records dropped while measured", got: float64(dropped)},
	}, nil
}
