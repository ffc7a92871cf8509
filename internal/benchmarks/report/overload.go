package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/internal/overload"
	"github.com/slogship/slogship/route"
)

// policy is a route whose policy is measured, by the call that it discards or
// keeps.
type policy struct {
	name   string
	route  route.Route
	budget float64
	ratio  bool // to a call into a durable route; else nanoseconds beyond a call that a matcher keeps out
}

func policies() []policy {
	never := 1.0 / 3600 // records a second
	return []policy{
		{name: "a call that is sampled out, by share: beyond one that a matcher keeps out",
			route: route.Route{Sample: route.Sample{Share: 1e-15}}, budget: 40},
		{name: "… by trace, with asking for it",
			route: route.Route{Sample: route.Sample{Share: 1e-15, ByTrace: true}}, budget: 40},
		{name: "… by number, of its message",
			route: route.Route{Sample: route.Sample{First: 1, Interval: time.Hour}}, budget: 40},
		{name: "… over the route's limit",
			route: route.Route{Limit: route.Limit{PerSecond: never, Burst: 1}}, budget: 40},
		{name: "… over the limit of an attribute's value, with looking it up",
			route: route.Route{Limit: route.Limit{PerSecond: never, Burst: 1, Key: "path"}}, budget: 120},
		{name: "a call that is a repeat : a call into a durable route",
			route: route.Route{Dedupe: route.Dedupe{Window: time.Hour}}, budget: 1.2, ratio: true},
		{name: "a record that is kept for DebugOnError : a call into a durable route",
			route:  route.Route{Levels: route.AtLeast(slog.LevelWarn), DebugOnError: route.DebugOnError{From: slog.LevelDebug}},
			budget: 1.2, ratio: true},
	}
}

// deciders are the algorithms alone.
func deciders() (names []string, subjects []subject) {
	share, count := overload.ByShare(0.5), overload.ByCount(100, 100, time.Second)
	one, keyed := overload.NewLimiter(1000, 10, 0), overload.NewLimiter(1000, 10, 1024)
	id, tenant := [16]byte{0: 1, 15: 1}, slog.StringValue("tenant-17")
	add := func(name string, decide func()) {
		names = append(names, name)
		subjects = append(subjects, subject{func(n int) {
			for range n {
				decide()
			}
		}, 20_000})
	}
	add("a sampler's decision, by share", func() { share.TakeAny() })
	add("… by trace", func() { share.TakeTrace(id) })
	add("… by number, of its message", func() { count.TakeCounted(slog.LevelInfo, "request served", 1) })
	add("a limiter's decision", func() { one.Take(1) })
	add("… for an attribute's value", func() { keyed.TakeKey(keyed.Hash(tenant), 1) })
	return names, subjects
}

// within is what puts the calls into a trace, at no cost of its own.
func within(context.Context) encode.Trace { return encode.Trace{TraceID: [16]byte{0: 1, 15: 1}} }

// overloads measures what the policies of a route cost.
func overloads(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-overload-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	names, subjects := deciders()
	var rows []row
	for i, took := range compare(rounds, subjects...) {
		rows = append(rows, row{what: names[i], got: took, budget: 40, unit: "ns"})
	}
	calls, err := discards(dir, rounds)
	if err != nil {
		return nil, err
	}
	memory, err := flood(filepath.Join(dir, "flood"))
	return append(append(rows, calls...), memory), err
}

// discards measures whole calls.
func discards(dir string, rounds int) ([]row, error) {
	nothing := calls(benchmarks.Nothing{})
	base := testing.AllocsPerRun(2000, func() { nothing(1) })
	var subjects []subject
	allocs := 0.0
	out := policy{route: route.Route{Match: route.Group("none")}}
	for i, p := range append([]policy{out, {}}, policies()...) {
		r := p.route
		r.Name, r.To = "r", benchmarks.Sink{}
		h, err := handler.New([]route.Route{r}, &handler.Options{Dir: filepath.Join(dir, fmt.Sprint(i)), OnError: func(error) {}, Trace: within})
		if err != nil {
			return nil, err
		}
		defer h.Close(context.Background())
		run := calls(h)
		run(1000) // what a policy allocates once it has by now
		allocs = max(allocs, testing.AllocsPerRun(2000, func() { run(1) })-base)
		subjects = append(subjects, subject{run, 2000})
	}
	m := compare(rounds, subjects...)
	var rows []row
	for i, p := range policies() {
		if took := m[i+2]; p.ratio {
			rows = append(rows, ratio(p.name, took, m[1], p.budget))
		} else {
			rows = append(rows, row{what: p.name, got: took - m[0], budget: p.budget, unit: "ns", note: fmt.Sprintf("%.4g - %.4g ns", took, m[0])})
		}
	}
	return append(rows, row{what: "heap allocations per call, beyond those of slog, the most of all policies", got: allocs}), nil
}

// flooded is how many messages, and tenants, a route with policies is flooded
// with.
const flooded = 300_000

// flood logs nothing but new messages of new tenants, and returns what memory
// that took of a route that tells them apart. Its buffer is no part of the heap.
func flood(dir string) (row, error) {
	h, err := handler.New([]route.Route{{
		Name: "r", To: benchmarks.Sink{}, Levels: route.AtLeast(slog.LevelInfo),
		Sample:       route.Sample{First: 10, Every: 100},
		Dedupe:       route.Dedupe{Window: time.Hour},
		Limit:        route.Limit{PerSecond: 1, Key: "tenant"},
		DebugOnError: route.DebugOnError{From: slog.LevelDebug},
	}}, &handler.Options{Dir: dir, OnError: func(error) {}, Trace: func(ctx context.Context) encode.Trace {
		t, _ := ctx.Value(floodKey{}).(encode.Trace)
		return t
	}})
	if err != nil {
		return row{}, err
	}
	defer h.Close(context.Background())
	before := heap()
	log := slog.New(h)
	for i := range flooded {
		ctx := context.WithValue(context.Background(), floodKey{}, encode.Trace{TraceID: [16]byte{1, byte(i), byte(i >> 8), byte(i >> 16)}})
		log.InfoContext(ctx, fmt.Sprint("message ", i), "tenant", i)
		log.InfoContext(ctx, fmt.Sprint("message ", i), "tenant", i)
		log.DebugContext(ctx, "detail", "tenant", i)
	}
	grown := heap() - before
	runtime.KeepAlive(h)
	return row{
		what: "memory of a route with all policies, by default bounds", got: grown / (1 << 20), budget: 8, unit: "MiB",
		note: fmt.Sprintf("after %d messages, tenants and traces", flooded),
	}, nil
}

type floodKey struct{}

// heap is the live heap.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what pools held in the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
