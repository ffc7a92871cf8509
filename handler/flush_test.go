package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// gate is a destination whose Sends wait until it is opened, and then take the
// records or refuse them.
type gate struct {
	open    chan struct{}
	refuses bool
	took    atomic.Int64
}

func (g *gate) Open() (transport.Transport, error) { return g, nil }
func (*gate) Close() error                         { return nil }
func (*gate) Describe() transport.Description {
	return transport.Description{Acknowledged: true}
}

func (g *gate) Send(ctx context.Context, recs []encode.Record) error {
	select {
	case <-g.open:
	case <-ctx.Done():
		return ctx.Err()
	}
	if g.refuses {
		return transport.Permanent(errors.New("refused"))
	}
	g.took.Add(int64(len(recs)))
	return nil
}

// gates are three: two that refuse and one that takes.
func gates() (a, b, c *gate) {
	return &gate{open: make(chan struct{}), refuses: true}, &gate{open: make(chan struct{}), refuses: true}, &gate{open: make(chan struct{})}
}

// through is a route to a gate, for which nothing is logged but letters.
func through(name string, to *gate, dead string) route.Route {
	r := route.Route{Name: name, To: to, DeadLetter: dead, SendTimeout: time.Hour, Batch: route.Batch{MaxRecords: 1}}
	if name != "a" {
		r.Match = route.Group("never")
	}
	return r
}

// flushing runs Flush and says whether it has returned, and what.
func flushing(ctx context.Context, h *handler.Handler) (returned func() (bool, error)) {
	result := make(chan error, 1)
	go func() { result <- h.Flush(ctx) }()
	return func() (bool, error) {
		synctest.Wait()
		select {
		case err := <-result:
			return true, err
		default:
			return false, nil
		}
	}
}

// A record that one route hands to another while Flush waits is waited for
// there, and where that one hands it to; also if a Reload says meanwhile where
// that is.
func TestFlushFollowsDeadLetters(t *testing.T) {
	type routes func(a, b, c *gate) []route.Route
	all := func(a, b, c *gate) []route.Route {
		return []route.Route{through("a", a, "b"), through("c", c, ""), through("b", b, "c")}
	}
	for name, of := range map[string]struct {
		before, reload routes
		letters        int64
	}{
		"as they were": {all, nil, 2},
		"bent": {all, func(a, b, c *gate) []route.Route {
			return []route.Route{through("a", a, "new"), through("b", b, ""), through("new", c, "")}
		}, 2},
		"removed": {all, func(_, b, c *gate) []route.Route {
			return []route.Route{through("b", b, "c"), through("c", c, "")}
		}, 2},
		// What was on its way when the Reload came is lost, as the old routes said.
		"added": {func(a, _, _ *gate) []route.Route { return []route.Route{through("a", a, "")} }, all, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, c := gates()
				h := opened(t, "memory", of.before(a, b, c))
				logged(t, h, "m", 2)
				flushed := flushing(t.Context(), h)
				for _, g := range []*gate{nil, a, b} {
					if g != nil {
						close(g.open)
					}
					if over, err := flushed(); over {
						t.Errorf("Flush returned %v before the letter had arrived", err)
					}
					if g == nil && of.reload != nil {
						mustReload(t, h, nil, of.reload(a, b, c)...)
					}
				}
				close(c.open)
				if over, err := flushed(); !over || err != nil || c.took.Load() != of.letters {
					t.Errorf("Flush: returned %v, %v; %d letters arrived", over, err, c.took.Load())
				}
				mustClose(t, h)
			})
		})
	}
}

// A Flush whose time is over names the route where the letter is.
func TestFlushNamesTheRouteOfALetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := gates()
		h := opened(t, "memory", []route.Route{through("a", a, "b"), through("b", b, "c"), through("c", c, "")})
		logged(t, h, "m", 1)
		close(a.open)
		close(b.open)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := h.Flush(ctx)
		left, ok := errors.AsType[*handler.UndeliveredError](err)
		if !ok || !errors.Is(err, context.DeadlineExceeded) || len(left.Routes) != 1 || left.Routes[0].Route != "c" || left.Routes[0].Records != 1 {
			t.Errorf("Flush: %v", err)
		}
		close(c.open)
		mustClose(t, h)
	})
}

// Flush ends although letters come all the time, and what was before it has
// arrived.
func TestFlushEndsWhileLettersCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		slow := n.to("letters")
		slow.takes = 5 * time.Millisecond // so that there is always one on its way
		h := opened(t, "memory", []route.Route{
			{Name: "a", To: refusingPlace{n.to("a")}, DeadLetter: "b"}, {Name: "b", To: slow, Match: route.Group("never")},
			{Name: "c", To: n.to("c")}, {Name: "d", To: n.to("d")},
		})
		var group sync.WaitGroup
		var over atomic.Bool
		meanwhile(&group, &over, func() {
			_ = h.Log(t.Context(), slog.LevelInfo, "fine") // else a holds what it has
			_ = h.Log(t.Context(), slog.LevelInfo, "refused")
			time.Sleep(time.Millisecond)
		})
		for range 10 {
			time.Sleep(50 * time.Millisecond)
			before := n.arrived("c")["refused"]
			if err := h.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			if letters := n.arrived("letters")["refused"]; before == 0 || letters < before {
				t.Errorf("%d letters have arrived of %d records before Flush", letters, before)
			}
		}
		over.Store(true)
		group.Wait()
		mustClose(t, h)
		statsOf(t, h, "a")
		statsOf(t, h, "b")
	})
}

// What an earlier process left is undelivered also while it is not yet counted.
func TestFlushWhileRecovering(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	sink.Fail(errors.New("away"))
	routes := patiently(route.Route{Name: "test", To: sink})
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	h, err := handler.New(routes, o)
	if err != nil {
		t.Fatal(err)
	}
	logged(t, h, "m", 10)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Close(gone); err == nil {
		t.Fatal("nothing is left behind: this shows nothing")
	}
	sink.Fail(nil)
	var known sync.Map // segments whose header New has read
	disk := vfs.NewStall(func(op vfs.Op) bool {
		if op.Kind != vfs.OpReadAt || filepath.Ext(op.Name) != ".seg" {
			return false
		}
		_, again := known.LoadOrStore(op.Name, true)
		return again
	})
	fsys := vfs.NewFault(vfs.OS{})
	fsys.Inject(disk)
	disk.Hold()
	defer disk.Release()
	if h, err = handler.NewOn(fsys, routes, o); err != nil {
		t.Fatal(err)
	}
	disk.Await(1)
	err = h.Flush(gone)
	if left, ok := errors.AsType[*handler.UndeliveredError](err); !ok || left.Routes[0].Bytes == 0 || !left.Routes[0].OnDisk {
		t.Errorf("Flush while it is recovering: %v", err)
	}
	disk.Release()
	if err := h.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(sink.Records()); n != 10 {
		t.Errorf("%d of 10 records", n)
	}
	mustClose(t, h)
	if err := h.Flush(gone); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
