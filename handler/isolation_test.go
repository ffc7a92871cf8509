package handler_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// switchable is a destination that counts, or is dead.
type switchable struct {
	dead  atomic.Bool
	count atomic.Int64
	mark  atomic.Int64  // at this count …
	there chan struct{} // … a signal comes; capacity 1
}

func (s *switchable) Open() (transport.Transport, error) { return s, nil }
func (s *switchable) Close() error                       { return nil }
func (s *switchable) Describe() transport.Description {
	return transport.Description{Acknowledged: true, MaxRecords: 500}
}

func (s *switchable) Send(_ context.Context, recs []encode.Record) error {
	if s.dead.Load() {
		return errors.New("dead")
	}
	n := int64(len(recs))
	if now := s.count.Add(n); now >= s.mark.Load() && now-n < s.mark.Load() {
		s.there <- struct{}{}
	}
	return nil
}

// figures are those of one round.
type figures struct {
	p99   time.Duration // of the calls
	drain time.Duration // from the first call until seven destinations have all
}

// TestOneDeadOfEight is T40: one of eight destinations is dead. Rounds with it
// dead and alive alternate, so that what else the machine does meets both; the
// medians are compared. T40's figures (throughput of the others at least 95 %,
// p99 of a call at most 5 % more) are for a machine that is ours alone; a route
// that holds the others up costs not a few per cent but a wait a call, and that
// fails here.
func TestOneDeadOfEight(t *testing.T) {
	var sinks []*switchable
	var routes []route.Route
	for i := range 8 {
		sinks = append(sinks, &switchable{there: make(chan struct{}, 1)})
		routes = append(routes, route.Route{
			Name: "r" + strconv.Itoa(i), To: sinks[i], Backoff: route.Backoff{MaxInterval: 50 * time.Millisecond},
			Buffer: route.Buffer{StallTimeout: time.Minute}, // nothing refused, so that all can be counted
		})
	}
	h, err := handler.New(routes, &handler.Options{Dir: t.TempDir(), OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	var alive, dead []figures
	roundSize := share(5000, 20_000)
	for i := range share(10, 100) {
		sinks[7].dead.Store(i%2 == 1)
		f := oneRound(t, h, sinks[:7], roundSize)
		if sinks[7].dead.Load() {
			dead = append(dead, f)
			sinks[7].dead.Store(false)
		} else {
			alive = append(alive, f)
		}
		if err := h.Flush(t.Context()); err != nil { // the backlog is no part of the next round
			t.Fatal(err)
		}
	}
	base, with := medians(alive), medians(dead)
	t.Logf("p99 of a call: %v alive, %v with one dead; %d records at the other seven after %v and %v",
		base.p99, with.p99, roundSize, base.drain, with.drain)
	t.Logf("throughput of the others %.1f %%, p99 %+.1f %%",
		100*float64(base.drain)/float64(with.drain), 100*float64(with.p99)/float64(base.p99)-100)
	// A percentile of calls that take microseconds is what else the machine does.
	if with.drain > 5*base.drain || with.p99 > max(5*base.p99, 20*time.Millisecond) {
		t.Error("the dead destination holds the others up")
	}
	for _, s := range h.Stats().Routes {
		if s.Logged != s.Delivered {
			t.Errorf("%+v", s)
		}
	}
}

// oneRound logs n records and waits for them at all sinks.
func oneRound(t *testing.T, h *handler.Handler, sinks []*switchable, n int) figures {
	for _, s := range sinks {
		s.mark.Store(s.count.Load() + int64(n))
	}
	took := make([]time.Duration, n)
	ctx, pad := t.Context(), slog.String("path", "/api/v1/things")
	began := time.Now()
	for i := range n {
		call := time.Now()
		if err := h.Log(ctx, slog.LevelInfo, "request handled", pad, slog.Int("status", 200)); err != nil {
			t.Error(err)
		}
		took[i] = time.Since(call)
	}
	for _, s := range sinks {
		<-s.there
	}
	drain := time.Since(began)
	slices.Sort(took)
	return figures{took[n*99/100], drain}
}

func medians(all []figures) figures {
	median := func(of func(figures) time.Duration) time.Duration {
		slices.SortFunc(all, func(a, b figures) int { return cmp.Compare(of(a), of(b)) })
		return of(all[len(all)/2])
	}
	return figures{median(func(f figures) time.Duration { return f.p99 }), median(func(f figures) time.Duration { return f.drain })}
}
