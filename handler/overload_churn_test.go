package handler_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// allPolicies is a route with every policy at work.
func allPolicies(to *memory.Sink, direct bool) route.Route {
	return route.Route{
		Name: "test", To: to, Direct: direct, Levels: route.AtLeast(slog.LevelInfo),
		Sample:       route.Sample{First: 5, Every: 3, Interval: 5 * time.Millisecond},
		Dedupe:       route.Dedupe{Window: time.Millisecond, MaxKeys: 8},
		Limit:        route.Limit{PerSecond: 100_000, Burst: 50, Key: "tenant", MaxKeys: 8},
		DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxRecords: 4, MaxRequests: 3},
		Buffer:       blocking(),
	}
}

// Whatever the policies do while many goroutines log and routes are reloaded:
// each call of the route's levels is delivered or counted, the sum holds, and what
// repeats were told is what was counted. A Close in the middle changes nothing of
// the sum; what it meets under way may be counted and not told. DESIGN §1, §3;
// run with -race.
func TestPoliciesChurn(t *testing.T) {
	quietStderr(t) // what comes after Close goes there
	for _, direct := range []bool{false, true} {
		for _, closeEarly := range []bool{false, true} {
			t.Run(fmt.Sprintf("direct=%v,early=%v", direct, closeEarly), func(t *testing.T) { churnPolicies(t, direct, closeEarly) })
		}
	}
}

func churnPolicies(t *testing.T, direct, closeEarly bool) {
	sink := memory.New()
	h, err := handler.New([]route.Route{allPolicies(sink, direct)}, &handler.Options{
		InMemory: true, OnError: func(error) {}, Trace: func(ctx context.Context) encode.Trace {
			id, _ := ctx.Value(traceKey{}).([16]byte)
			return encode.Trace{TraceID: id}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	const producers, each = 4, 3000
	var wg sync.WaitGroup
	half := make(chan struct{}, producers)
	for p := range producers {
		wg.Go(func() {
			log := slog.New(h)
			for i := range each {
				ctx, end := handler.WithRequest(withTrace(byte(i)))
				log.DebugContext(ctx, "debug")
				log.InfoContext(ctx, fmt.Sprint(i/50%7), "tenant", i%20)
				if i%100 == p {
					log.ErrorContext(ctx, "error", "i", i)
				}
				end()
				if i == each/2 {
					half <- struct{}{}
				}
			}
		})
	}
	for i := range 20 {
		changed := allPolicies(sink, direct)
		changed.Sample.Every += i % 3 // now and then the same
		if err := h.Reload([]route.Route{changed}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if <-half; !closeEarly {
		wg.Wait()
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	s := sum(t, h)
	if s.Dropped["sampled"]["ERROR"] != 0 || s.Dropped["sampled"]["INFO"] == 0 {
		t.Errorf("sampled %v", s.Dropped["sampled"])
	}
	const calls = producers*each + producers*each/100
	checkChurn(t, s, sink.Records(), calls, !closeEarly)
}

// checkChurn checks a route's figures and what it delivered against the calls.
// Besides the calls the route has logged counts of repeats, and what was kept
// below its level (whose own figures go with each Reload that changes them).
func checkChurn(t *testing.T, s handler.RouteStats, records []encode.Record, calls uint64, exact bool) {
	t.Helper()
	var told, counts, debug uint64
	for _, r := range records {
		if n := memory.Attr(r, "repeated"); n.Kind() == slog.KindUint64 {
			told += n.Uint64()
			counts++
		}
		if r.Level == slog.LevelDebug {
			debug++
		}
	}
	debug += s.Dropped["closed"]["DEBUG"] + s.Dropped["refused"]["DEBUG"]
	if got := s.Logged - counts - debug; got < calls || exact && got > calls {
		t.Errorf("%d of %d calls in the figures %+v", got, calls, s)
	}
	repeated := s.Dropped["deduplicated"]["INFO"] + s.Dropped["deduplicated"]["ERROR"]
	if told > repeated || exact && told < repeated {
		t.Errorf("%d repeats counted, %d told", repeated, told)
	}
}

// A Reload that leaves a route's policies as they are leaves what they remember;
// one that changes them begins anew, and what was repeated until then is told.
func TestReloadKeepsPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOverloaded(t, route.Route{
			Limit: route.Limit{PerSecond: 1.0 / 3600, Burst: 2}, Dedupe: route.Dedupe{Window: time.Hour},
		})
		r := route.Route{
			Name: "test", To: o.sink, MaxAge: time.Hour,
			Limit: route.Limit{PerSecond: 1.0 / 3600, Burst: 2}, Dedupe: route.Dedupe{Window: time.Hour},
		}
		o.log.Info("a")
		if err := o.Reload([]route.Route{r}, nil); err != nil {
			t.Fatal(err)
		}
		o.log.Info("a")
		o.log.Info("b")
		o.log.Info("over the limit")
		time.Sleep(time.Second)
		o.want("a b")
		r.Limit.Burst = 1
		if err := o.Reload([]route.Route{r}, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		o.want("a b a")
		if n := memory.Attr(o.records()[2], "repeated").Uint64(); n != 1 {
			t.Errorf("repeated %d", n)
		}
		o.log.Info("b")
		s := o.end()
		o.want("a b a b")
		o.wantDropped(s, "rate_limited", "INFO", 1)
		o.wantDropped(s, "deduplicated", "INFO", 1)
	})
}
