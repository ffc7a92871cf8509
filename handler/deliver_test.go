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
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// A record that a full buffer drops unread ends its Deliver with an error once
// what was before it is settled, long before the caller's deadline.
func TestDeliverOfADroppedRecord(t *testing.T) {
	sink := memory.New()
	sink.Fail(errors.New("away"))
	h, err := handler.New([]route.Route{{
		Name: "test", To: sink, Backoff: route.Backoff{MaxInterval: 50 * time.Millisecond}, Buffer: route.Buffer{MaxBytes: 1 << 20}, Batch: route.Batch{MaxRecords: 1},
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
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
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
	if err := <-result; !errors.As(err, &at) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Deliver: %v", err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
