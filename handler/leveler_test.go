package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// brokenLeveler is a caller's Leveler that works when New looks at it, and
// panics later.
type brokenLeveler struct {
	level  slog.Level
	broken atomic.Bool
}

func (b *brokenLeveler) Level() slog.Level {
	if b.broken.Load() {
		panic("leveler")
	}
	return b.level
}

// A Leveler that panics does not reach the caller of slog, wherever it is asked:
// its route takes the record, and OnError hears of it.
func TestLevelerPanics(t *testing.T) {
	least, most, stack := &brokenLeveler{level: slog.LevelWarn}, &brokenLeveler{level: slog.LevelWarn}, &brokenLeveler{level: slog.LevelWarn}
	low, high, plain := memory.New(), memory.New(), memory.New()
	var reported atomic.Int32
	h, err := handler.New([]route.Route{
		{Name: "low", To: low, Levels: route.AtLeast(least)},
		{Name: "high", To: high, Levels: route.Between(new(slog.LevelVar), most)},
		{Name: "plain", To: plain, Levels: route.AtLeast(slog.LevelError)},
	}, &handler.Options{InMemory: true, StackFrom: stack, OnError: func(error) { reported.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if h.Enabled(ctx, slog.LevelDebug) || !h.Enabled(ctx, slog.LevelInfo) || !h.Enabled(ctx, slog.LevelWarn) || reported.Load() != 0 {
		t.Error("levels that work are not obeyed")
	}
	for _, l := range []*brokenLeveler{least, most, stack} {
		l.broken.Store(true)
	}
	if !h.Enabled(ctx, slog.LevelInfo) {
		t.Error("a level that panics takes nothing")
	}
	if err := h.Log(ctx, slog.LevelInfo, "m"); err != nil {
		t.Error(err)
	}
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
	if reported.Load() == 0 {
		t.Error("nothing is reported")
	}
	for _, sink := range []*memory.Sink{low, high} {
		if recs := sink.Records(); len(recs) != 1 || len(recs[0].Stack) != 0 {
			t.Errorf("got %v", recs)
		}
	}
	if recs := plain.Records(); len(recs) != 0 {
		t.Errorf("another route takes %v", recs)
	}
}

// What would panic with the first log call is an error of New.
func TestNilLeveler(t *testing.T) {
	var forgotten *slog.LevelVar
	to := memory.New()
	if _, err := handler.New([]route.Route{{Name: "a", To: to, Levels: route.AtLeast(forgotten)}}, &handler.Options{InMemory: true}); !errors.Is(err, route.ErrInvalid) {
		t.Errorf("AtLeast: %v", err)
	}
	if _, err := handler.New([]route.Route{{Name: "a", To: to}}, &handler.Options{InMemory: true, StackFrom: forgotten}); !errors.Is(err, handler.ErrOptions) {
		t.Errorf("StackFrom: %v", err)
	}
}
