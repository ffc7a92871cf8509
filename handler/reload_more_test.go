package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// Everything that may be called while routes change is, by several goroutines at
// a time: each goes its way, and the sum holds in the end.
func TestReloadChurn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round, where := range []string{"memory", "mapped"} {
		n := newNetwork(t)
		h := opened(t, where, n.generation(0))
		calls, over := produce(h)
		var group sync.WaitGroup
		var stop atomic.Bool
		for i := range uint64(3) {
			rng := rand.New(rand.NewPCG(seed, uint64(round)<<8|i))
			group.Go(func() {
				for range share(30, 1000) {
					mustReload(t, h, map[string]string{"x": "y"}, n.generation(2*rng.IntN(10)+1)...)
				}
			})
		}
		meanwhile(&group, &stop, func() { h.Stats() }, func() { _ = h.SetLevels("INFO") }, func() {
			if err := h.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}, func() {
			if err := h.Deliver(t.Context(), slog.LevelError, "waited for"); err != nil {
				t.Error(err)
			}
		}, func() { h.WithScope("a").WithGroup("b").Enabled(t.Context(), slog.LevelInfo) })
		awaitCalls(calls, int64(share(2000, 50_000)))
		stop.Store(true)
		group.Wait()
		over()
		mustClose(t, h)
		for _, s := range h.Stats().Routes {
			if statsOf(t, h, s.Name); s.Buffered+s.Dropped.Total() != 0 {
				t.Errorf("%+v", s)
			}
		}
	}
}

// A Direct route that is removed keeps its transport for calls that are late, and
// takes it up again when it is back; another destination gets what comes next.
func TestReloadDirect(t *testing.T) {
	n := newNetwork(t)
	main, direct := route.Route{Name: "main", To: n.to("main")}, route.Route{Name: "direct", To: n.to("d"), Direct: true}
	h := opened(t, "memory", []route.Route{main, direct})
	logged(t, h, "a", 3)
	mustReload(t, h, nil, main)
	logged(t, h, "b", 3)
	if opened, closed := n.links("d"); opened != 1 || closed != 0 {
		t.Errorf("removed: %d opened, %d closed", opened, closed)
	}
	mustReload(t, h, nil, direct, main)
	logged(t, h, "c", 3)
	if opened, _ := n.links("d"); opened != 1 {
		t.Errorf("back: %d opened", opened)
	}
	direct.To = n.to("e")
	mustReload(t, h, nil, direct, main)
	if _, closed := n.links("d"); closed != 1 {
		t.Errorf("replaced: %d closed", closed)
	}
	logged(t, h, "d", 3)
	mustReload(t, h, nil, main)
	mustClose(t, h)
	if d, e := n.arrived("d"), n.arrived("e"); len(d) != 6 || len(e) != 3 || d["c2"] != 1 || e["d2"] != 1 {
		t.Errorf("%v, then %v", d, e)
	}
	if s := statsOf(t, h, "direct"); !s.Removed || s.Delivered != 9 {
		t.Errorf("%+v", s)
	}
	if opened, closed := n.links("e"); opened != 1 || closed != 1 {
		t.Errorf("%d opened, %d closed", opened, closed)
	}
}

// What goes wrong in the background is told under the name of the moment.
func TestReloadRenamesErrors(t *testing.T) {
	n := newNetwork(t)
	n.setDown("away", true)
	told := make(chan string, 1000)
	h, err := handler.New(patiently(route.Route{Name: "a", To: n.to("away")}), &handler.Options{InMemory: true, OnError: func(err error) {
		select {
		case told <- fmt.Sprint(routesOf(err)):
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	logged(t, h, "m", 1)
	if name := <-told; name != "[a]" {
		t.Errorf("told of %s", name)
	}
	mustReload(t, h, map[string]string{"a": "b"}, route.Route{Name: "b", To: n.to("away"), Backoff: route.Backoff{MaxInterval: time.Millisecond}})
	late := time.After(time.Minute)
	for name := ""; name != "[b]"; {
		select {
		case name = <-told:
		case <-late:
			t.Fatal("nothing is told of b")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	var left *handler.UndeliveredError
	if err := h.Close(ctx); !errors.As(err, &left) || left.Routes[0].Route != "b" {
		t.Errorf("Close: %v", err)
	}
}

// Levels, matchers and the order of routes are those of the new set, for handlers
// that were made before as well.
func TestReloadRoutes(t *testing.T) {
	n := newNetwork(t)
	h := opened(t, "memory", []route.Route{{Name: "a", To: n.to("a"), Levels: route.AtLeast(slog.LevelError)}})
	scoped := h.WithScope("db")
	logger := slog.New(h.WithScope("db")).With("tenant", "x")
	if logger.Enabled(t.Context(), slog.LevelInfo) {
		t.Error("INFO is enabled")
	}
	mustReload(t, h, nil,
		route.Route{Name: "first", To: n.to("first"), Match: route.Equals("tenant", "x"), Final: true},
		route.Route{Name: "a", To: n.to("a"), Levels: route.AtLeast(slog.LevelInfo)},
		route.Route{Name: "rest", To: n.to("rest"), Fallback: true},
	)
	logger.Info("for the first")
	scoped.Log(t.Context(), slog.LevelInfo, "for a")
	scoped.Log(t.Context(), slog.LevelDebug, "for the rest")
	mustClose(t, h)
	for name, want := range map[string]string{"first": "for the first", "a": "for a", "rest": "for the rest"} {
		if got := n.arrived(name); len(got) != 1 || got[want] != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := namesOf(h); !slices.Equal(got, []string{"first", "a", "rest"}) {
		t.Errorf("%v", got)
	}
}

// A Direct route does not claim the directory that a buffered one of its name has
// left: nobody would deliver what is there.
func TestReloadLeavesUnclaimed(t *testing.T) {
	n := newNetwork(t)
	n.setDown("away", true)
	dir := t.TempDir()
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	h, err := handler.New(patiently(route.Route{Name: "left", To: n.to("away")}), o)
	if err != nil {
		t.Fatal(err)
	}
	logged(t, h, "m", 3)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if h.Close(ctx) == nil {
		t.Error("the destination is away")
	}
	main := route.Route{Name: "main", To: n.to("main")}
	if h, err = handler.New([]route.Route{main}, o); err != nil {
		t.Fatal(err)
	}
	mustReload(t, h, nil, main, route.Route{Name: "left", To: n.to("d"), Direct: true})
	if u := h.Stats().Unclaimed; !slices.Equal(u, []string{"left"}) {
		t.Errorf("unclaimed: %v", u)
	}
	mustClose(t, h)
}
