package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// A record that a full buffer drops unread ends its Deliver with an error once
// what was before it is settled, long before the caller's deadline.
func TestDeliverOfADroppedRecord(t *testing.T) {
	sink := memory.New()
	sink.Fail(errors.New("away"))
	h, err := handler.New([]route.Route{{
		Name: "test", To: sink, Backoff: route.Backoff{MaxInterval: 50 * time.Millisecond}, Buffer: route.Buffer{MaxBytes: 1 << 20, StallTimeout: time.Minute}, Batch: route.Batch{MaxRecords: 1},
	}}, &handler.Options{InMemory: true, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	pad := slog.String("pad", strings.Repeat("x", 1000))
	logger := slog.New(h)
	for range 300 {
		logger.LogAttrs(t.Context(), slog.LevelInfo, "before", pad)
	}
	result := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { result <- h.Deliver(ctx, slog.LevelInfo, "waited for", pad) }()
	for h.Stats().Routes[0].Logged < 301 {
		runtime.Gosched()
	}
	// What the worker holds in memory stays before the record until the
	// destination is back; then its fate is known.
	for range 3000 {
		logger.LogAttrs(t.Context(), slog.LevelInfo, "after", pad)
	}
	for h.Stats().Routes[0].Dropped.Total() < 1000 {
		logger.LogAttrs(t.Context(), slog.LevelInfo, "after", pad)
	}
	sink.Fail(nil)
	var at *handler.RouteError
	if err := <-result; !errors.As(err, &at) || !errors.Is(err, handler.ErrDropped) {
		t.Errorf("Deliver: %v", err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDeliverNotDurable: a record that the disk does not take in time, and the
// destination does, is delivered; Log says that it is not yet safe.
func TestDeliverNotDurable(t *testing.T) {
	disk := vfs.NewStall(vfs.Kinds(vfs.OpSync))
	fsys := vfs.NewFault(vfs.OS{})
	sink := memory.New()
	h, err := handler.NewOn(fsys, []route.Route{{
		Name: "test", To: sink, Durability: route.Power(), Buffer: route.Buffer{BlockTimeout: 20 * time.Millisecond},
	}}, killOptions(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for err := handler.ErrFull; errors.Is(err, handler.ErrFull) || errors.Is(err, handler.ErrStalled); { // until there is a segment
		err = h.Log(t.Context(), slog.LevelInfo, "first")
	}
	fsys.Inject(disk)
	disk.Hold()
	defer disk.Release()
	if err := h.Deliver(t.Context(), slog.LevelInfo, "delivered"); err != nil {
		t.Errorf("Deliver: %v", err)
	}
	if err := h.Log(t.Context(), slog.LevelInfo, "logged"); !errors.Is(err, handler.ErrNotDurable) {
		t.Errorf("Log: %v", err)
	}
	disk.Release()
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	delivered := 0
	for _, rec := range sink.Records() {
		if rec.Message == "delivered" {
			delivered++
		}
	}
	if delivered != 1 {
		t.Errorf("delivered %d times", delivered)
	}
}

// TestDeliverErrors: what became of a record that was not delivered can be told
// by errors.Is, and so can what the destination said.
func TestDeliverErrors(t *testing.T) {
	away := errors.New("away")
	for name, c := range map[string]struct {
		r    func(*memory.Sink) route.Route
		act  func(*handler.Handler, *memory.Sink)
		want error
	}{
		"refused": {func(s *memory.Sink) route.Route { return route.Route{To: refusing{s, "m"}} }, nil, handler.ErrRefused},
		"too old": {func(s *memory.Sink) route.Route {
			s.Fail(away)
			return route.Route{To: s, MaxAge: time.Millisecond, Backoff: route.Backoff{MaxInterval: 10 * time.Millisecond}}
		}, nil, handler.ErrTooOld},
		"closed": {func(s *memory.Sink) route.Route { s.Fail(away); return route.Route{To: s} }, func(h *handler.Handler, _ *memory.Sink) {
			for h.Stats().Routes[0].Retries == 0 {
				runtime.Gosched()
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = h.Close(ctx) // what it leaves behind is the point
		}, handler.ErrPending},
	} {
		t.Run(name, func(t *testing.T) {
			sink := memory.New()
			r := c.r(sink)
			r.Name = "test"
			h, err := handler.New(patiently(r), &handler.Options{Dir: t.TempDir(), MinFree: -1, OnError: func(error) {}})
			if err != nil {
				t.Fatal(err)
			}
			if c.act != nil {
				go c.act(h, sink)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := h.Deliver(ctx, slog.LevelInfo, "m"); !errors.Is(err, c.want) || !reports(err, "test") {
				t.Errorf("Deliver: %v", err)
			}
			sink.Fail(nil)
			_ = h.Close(t.Context()) // "closed" has closed it already, with an error
		})
	}
}
