package loki_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// through logs records with these times through a handler of one route, and
// returns the route's figures when all have an answer.
func through(t *testing.T, r route.Route, times ...time.Time) handler.RouteStats {
	t.Helper()
	r.Name, r.Buffer.StallTimeout = "loki", time.Minute
	r.Backoff = route.Backoff{InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond}
	h, err := handler.New([]route.Route{r}, &handler.Options{Dir: t.TempDir(), OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i, at := range times {
		if err := h.Handle(ctx, slog.NewRecord(at, slog.LevelInfo, "record "+strconv.Itoa(i), 0)); err != nil {
			t.Error(err)
		}
	}
	if err := h.Flush(ctx); err != nil {
		t.Error(err)
	}
	stats := h.Stats().Routes[0]
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
	return stats
}

// weekOld refuses as Loki does; its week is ten minutes.
func weekOld(e stored) string {
	if e.ns < time.Now().Add(-10*time.Minute).UnixNano() {
		return "entry for stream '" + e.labels + "' has timestamp too old"
	}
	return ""
}

// TestTooOldFollowsTheRoute: with MaxAge, Loki is not asked about what it would
// refuse.
func TestTooOldFollowsTheRoute(t *testing.T) {
	old := time.Now().Add(-20 * time.Minute)
	for _, test := range []struct {
		stale           route.Stale
		delivered, dead uint64
	}{
		{route.Restamp, 3, 0},
		{route.DeadLetter, 0, 3},
		{route.Drop, 0, 0},
	} {
		s := &server{judge: weekOld}
		stats := through(t, route.Route{To: plainly(t, s), MaxAge: time.Nanosecond, OnStale: test.stale}, old, old.Add(1), old.Add(2))
		entries := 0 // but for the report of what was dropped
		for _, e := range s.all() {
			if strings.HasPrefix(e.line, "record ") {
				entries++
				if e.meta["original_time"] == "" {
					t.Errorf("a new time, and the old one is not said: %v", e.meta)
				}
			}
		}
		if entries != int(test.delivered) || stats.Dead != test.dead {
			t.Errorf("%d: %d entries, %d dead, want %d and %d", test.stale, entries, stats.Dead, test.delivered, test.dead)
		}
	}
}

// TestDeadLetter: of many, the records that Loki refuses are dead, and no other;
// the worker finds them by dividing the batch.
func TestDeadLetter(t *testing.T) {
	s := &server{judge: weekOld}
	times := make([]time.Time, 100)
	for i := range times {
		times[i] = time.Now()
		if i%40 == 20 {
			times[i] = times[i].Add(-20 * time.Minute)
		}
	}
	stats := through(t, route.Route{To: plainly(t, s)}, times...)
	if len(s.all()) != 98 || stats.Delivered != 98 || stats.Dead != 2 {
		t.Errorf("%d entries, %d delivered, %d dead, want 98, 98 and 2", len(s.all()), stats.Delivered, stats.Dead)
	}
	for _, e := range s.all() {
		if n, _ := strconv.Atoi(strings.TrimPrefix(e.line, "record ")); n%40 == 20 {
			t.Errorf("%q is stored", e.line)
		}
	}
}
