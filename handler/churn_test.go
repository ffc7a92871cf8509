package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// TestChurn is T36: calls of Handle race everything that may be called at the
// same time: With*, Enabled, a level that changes, Stats, Flush, Deliver, and
// in the end Close. Nothing panics, every call that returned nil is delivered,
// every other is counted, and the sum holds. Under -race it runs in memory as
// well, since the detector cannot see a mapping. Nightly: 1,000,000 calls in all.
func TestChurn(t *testing.T) {
	quietStderr(t) // what comes after Close goes there
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, where := range []string{"memory", "mapped", "written"} {
		t.Run(where, func(t *testing.T) {
			rounds := share(3, 84)
			if raceEnabled && !nightly() {
				rounds = 2
			}
			for i := range rounds {
				churn(t, where, rand.New(rand.NewPCG(seed, uint64(i))), 4000)
			}
		})
	}
}

// churn is the life of one handler, that ends while calls go on.
func churn(t *testing.T, where string, rng *rand.Rand, calls int) {
	sink, level := memory.New(), new(slog.LevelVar)
	o := &handler.Options{InMemory: where == "memory", OnError: func(error) {}, AddSource: true}
	if !o.InMemory {
		o.Dir = t.TempDir()
	}
	h, err := handler.NewOn(fileSystem(where), []route.Route{
		{Name: "test", To: sink}, {Name: "dynamic", To: memory.New(), Levels: route.AtLeast(level)},
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	var logged, taken atomic.Int64
	const producers = 4
	closeAt := int64(rng.IntN(calls))
	var group sync.WaitGroup
	var over atomic.Bool
	closing := make(chan struct{})
	for p := range producers {
		group.Go(func() {
			for i := range calls / producers {
				if logged.Add(1) == closeAt+1 {
					close(closing)
				}
				if !refusedBy(handleOne(h, p, i), "test") {
					taken.Add(1)
				}
			}
		})
	}
	meanwhile(&group, &over, func() { level.Set(slog.Level(4 * len(h.Stats().Routes))) }, func() { level.Set(slog.LevelInfo) },
		func() { _ = h.Flush(t.Context()) }, func() { _ = h.Deliver(t.Context(), slog.LevelDebug-1, "waited for") })
	<-closing
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.Close(ctx); err != nil { // although the others go on logging
		t.Error(err)
	}
	over.Store(true)
	group.Wait()
	s := sum(t, h)
	if s.Delivered+s.Dropped.Total() != s.Logged {
		t.Errorf("%+v", s)
	}
	if n := numbered(sink); n != int(taken.Load()) {
		t.Errorf("%d of %d records are in the sink", n, taken.Load())
	}
}

// meanwhile runs each of what again and again until it is over.
func meanwhile(group *sync.WaitGroup, over *atomic.Bool, what ...func()) {
	for _, f := range what {
		group.Go(func() {
			for !over.Load() {
				f()
			}
		})
	}
}

// refusedBy reports whether a route is among those that did not take a record.
// Close ends them one by one.
func refusedBy(err error, name string) bool {
	switch e := err.(type) {
	case *handler.RouteError:
		return e.Route == name && !errors.Is(e, handler.ErrNotDurable) // that one it has
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return refusedBy(err, name) })
	default:
		return false
	}
}

// handleOne logs one record, each through a clone of its own kind.
func handleOne(h *handler.Handler, p, i int) error {
	var to slog.Handler = h
	switch i % 4 {
	case 1:
		to = h.WithAttrs([]slog.Attr{slog.Int("p", p)})
	case 2:
		to = h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("p", p)})
	case 3:
		to = h.WithScope(strconv.Itoa(p))
	}
	ctx := context.Background()
	if !to.Enabled(ctx, slog.LevelInfo) {
		return nil
	}
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "numbered", 0)
	r.AddAttrs(slog.Int("i", i))
	return to.Handle(ctx, r)
}

func numbered(sink *memory.Sink) int {
	n := 0
	for _, rec := range sink.Records() {
		if rec.Message == "numbered" {
			n++
		}
	}
	return n
}

// quietStderr throws away what the test writes to stderr.
func quietStderr(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = null
	t.Cleanup(func() {
		os.Stderr = old
		_ = null.Close()
	})
}
