package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// opened makes a handler that the test closes.
func opened(t *testing.T, where string, routes []route.Route) *handler.Handler {
	t.Helper()
	o := &handler.Options{InMemory: where == "memory", OnError: func(error) {}}
	if !o.InMemory {
		o.Dir = t.TempDir()
	}
	h, err := handler.NewOn(fileSystem(where), patiently(routes...), o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustReload(t *testing.T, h *handler.Handler, rename map[string]string, routes ...route.Route) {
	t.Helper()
	if err := h.Reload(patiently(routes...), rename); err != nil {
		t.Error(err)
	}
}

func mustClose(t *testing.T, h *handler.Handler) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
}

// logged logs n records with messages from prefix0 on.
func logged(t *testing.T, h *handler.Handler, prefix string, n int) {
	t.Helper()
	for i := range n {
		if err := h.Log(t.Context(), slog.LevelInfo, fmt.Sprint(prefix, i)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantOnce fails unless the messages that logged has logged arrived once each,
// and no others.
func wantOnce(t *testing.T, got map[string]int, prefix string, n int) {
	t.Helper()
	for i := range n {
		if m := fmt.Sprint(prefix, i); got[m] != 1 {
			t.Errorf("%s arrived %d times", m, got[m])
		}
	}
	if len(got) != n {
		t.Errorf("%d messages arrived, want %d", len(got), n)
	}
}

// statsOf returns the figures of one route, after it has checked the sum.
func statsOf(t *testing.T, h *handler.Handler, name string) handler.RouteStats {
	t.Helper()
	for _, s := range h.Stats().Routes {
		if s.Name == name {
			if s.Logged+s.Recovered != s.Delivered+s.Dropped.Total()+s.Dead+s.Buffered {
				t.Errorf("the sum does not hold: %+v", s)
			}
			return s
		}
	}
	t.Errorf("there is no route %q", name)
	return handler.RouteStats{}
}

// TestReloadUnderLoad: eight producers log while the routes change a hundred
// times: another destination, other levels, another name, gone and back. Every
// record that a route took is delivered once, and the sum holds.
func TestReloadUnderLoad(t *testing.T) {
	for _, where := range []string{"memory", "mapped", "written"} {
		t.Run(where, func(t *testing.T) {
			n := newNetwork(t)
			h := opened(t, where, n.generation(0))
			calls, over := produce(h)
			reloads := share(100, 1000)
			for i := range reloads {
				awaitCalls(calls, 20)
				rename := map[string]string{"x": "y"}
				if i%2 == 1 {
					rename = map[string]string{"y": "x"}
				}
				mustReload(t, h, rename, n.generation(i+1)...)
				h.Stats()
			}
			total := over()
			mustClose(t, h)
			n.check(t, h, total, reloads)
		})
	}
}

// generation is the i-th set of routes.
func (n *network) generation(i int) []route.Route {
	to := place{network: n, name: []string{"a", "b", "c"}[i%3], inFlight: 1 + i%4, takes: time.Duration(i%3) * 100 * time.Microsecond}
	routes := []route.Route{
		{Name: "main", To: to, Batch: route.Batch{MaxRecords: 1 + 100*(i%3)}},
		{Name: []string{"x", "y"}[i%2], To: n.to("renamed"), DeadLetter: "main"},
		{Name: "direct", To: n.to([]string{"d", "e"}[i%2]), Direct: true},
	}
	if i%4 < 2 {
		extra := route.Route{Name: "extra", To: n.to([]string{"f", "g"}[i/2%2]), Levels: route.AtLeast(slog.Level(i%3) * 4)}
		routes = slices.Insert(routes, i%3, extra)
	}
	for i := range routes {
		routes[i].Buffer = blocking()
	}
	routes[slices.IndexFunc(routes, func(r route.Route) bool { return r.Name == "main" })].Buffer.MaxBytes = int64(32+i%8) << 20
	return routes
}

// produce logs from eight goroutines. calls counts; over ends it and returns how
// many calls there were.
func produce(h *handler.Handler) (calls *atomic.Int64, over func() int) {
	var group sync.WaitGroup
	var stop atomic.Bool
	calls = new(atomic.Int64)
	ctx := context.Background()
	for p := range 8 {
		group.Go(func() {
			for i := 0; !stop.Load(); i++ {
				level := slog.Level(4 * (i % 3))
				err := h.Log(ctx, level, fmt.Sprintf("%d-%d", p, i))
				if err != nil && !errors.Is(err, handler.ErrNotDurable) { // that one is on its way, on a slow disk
					panic(err)
				}
				calls.Add(1)
				if i%4 == 0 {
					time.Sleep(50 * time.Microsecond) // a pace, nothing is waited for
				}
			}
		})
	}
	return calls, func() int {
		stop.Store(true)
		group.Wait()
		return int(calls.Load())
	}
}

// awaitCalls waits for some more calls.
func awaitCalls(calls *atomic.Int64, more int64) {
	for from := calls.Load(); calls.Load() < from+more; {
		time.Sleep(10 * time.Microsecond)
	}
}

// check compares what has arrived with what was logged.
func (n *network) check(t *testing.T, h *handler.Handler, total, reloads int) {
	main, renamed, direct, extra := n.arrived("a", "b", "c"), n.arrived("renamed"), n.arrived("d", "e"), n.arrived("f", "g")
	for what, got := range map[string]map[string]int{"main": main, "renamed": renamed, "direct": direct, "extra": extra} {
		twice := 0
		for _, times := range got {
			twice += times - 1
		}
		want := total
		if what == "extra" {
			want = int(statsOf(t, h, what).Logged)
		}
		if len(got) != want || twice > 0 {
			t.Errorf("%s: lost %d of %d, duplicates %d", what, want-len(got), want, twice)
		}
		t.Logf("%s: %d records in %d reloads, lost %d, duplicates %d", what, want, reloads, want-len(got), twice)
	}
	if len(extra) == 0 || len(extra) == total {
		t.Errorf("the route that comes and goes took %d of %d", len(extra), total)
	}
	names := make(map[string]bool)
	for _, s := range h.Stats().Routes {
		names[s.Name] = true
		statsOf(t, h, s.Name)
		if s.Buffered+s.Dropped.Total()+s.Dead+s.Resent != 0 {
			t.Errorf("%+v", s)
		}
	}
	if names["x"] == names["y"] {
		t.Errorf("routes: %v", slices.Sorted(maps.Keys(names)))
	}
	for name := range n.opened {
		if opened, closed := n.links(name); opened != closed {
			t.Errorf("%s: %d transports opened, %d closed", name, opened, closed)
		}
	}
}

// A destination that is written alike keeps its transport, whatever else of the
// route changes; only the route that has another one gets another transport.
func TestReloadKeepsConnections(t *testing.T) {
	n := newNetwork(t)
	kept, other := route.Route{Name: "kept", To: n.to("a")}, route.Route{Name: "other", To: n.to("b")}
	h := opened(t, "memory", []route.Route{kept, other})
	logged(t, h, "m", 10)
	for i := range 5 {
		kept.Batch.MaxRecords, kept.Levels, kept.MaxInFlight = 3+i, route.AtLeast(slog.LevelDebug), i
		kept.Buffer.MaxBytes, kept.Backoff.MaxInterval = int64(1+i)<<20, time.Minute
		other.To = n.to([]string{"b", "c"}[(i+1)%2])
		mustReload(t, h, nil, other, kept)
	}
	if err := h.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if opened, closed := n.links("a"); opened != 1 || closed != 0 {
		t.Errorf("kept: opened %d times, closed %d", opened, closed)
	}
	mustClose(t, h)
	wantOnce(t, n.arrived("a"), "m", 10)
	wantOnce(t, n.arrived("b", "c"), "m", 10)
}

// The backlog of a destination that is away goes to the one that is there, also
// a Deliver that waits for it.
func TestReloadMovesTheBacklog(t *testing.T) {
	n := newNetwork(t)
	n.setDown("away", true)
	h := opened(t, "mapped", []route.Route{{Name: "main", To: n.to("away")}})
	logged(t, h, "m", 1000)
	delivered := make(chan error, 1)
	go func() { delivered <- h.Deliver(t.Context(), slog.LevelInfo, "m1000") }()
	for statsOf(t, h, "main").Logged < 1001 || statsOf(t, h, "main").LastError == "" {
		time.Sleep(time.Millisecond)
	}
	mustReload(t, h, nil, route.Route{Name: "main", To: n.to("there")})
	if err := <-delivered; err != nil {
		t.Error(err)
	}
	if err := h.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if s := statsOf(t, h, "main"); s.Delivered != 1001 || s.Breaker != "closed" {
		t.Errorf("%+v", s)
	}
	mustClose(t, h)
	wantOnce(t, n.arrived("there"), "m", 1001)
}

// After Close there is nothing to reload, and a Reload that is under way ends
// before Close begins.
func TestReloadAndClose(t *testing.T) {
	quietStderr(t)
	n := newNetwork(t)
	for range share(20, 500) {
		h := opened(t, "memory", []route.Route{{Name: "main", To: n.to("a")}})
		result := make(chan error)
		go func() {
			result <- h.Reload([]route.Route{{Name: "main", To: n.to("b")}, {Name: "more", To: n.to("c")}}, nil)
		}()
		_ = h.Log(t.Context(), slog.LevelInfo, "x")
		mustClose(t, h)
		if err := <-result; err != nil && !errors.Is(err, handler.ErrClosed) {
			t.Error(err)
		}
		if err := h.Reload([]route.Route{{Name: "main", To: n.to("b")}}, nil); !errors.Is(err, handler.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		if opened, closed := n.links(name); opened != closed {
			t.Errorf("%s: opened %d, closed %d", name, opened, closed)
		}
	}
}
