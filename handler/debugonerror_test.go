package handler_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// A route whose own level is WARN ships the DEBUG records of the requests that
// fail, before the error, with their ids and times, and of no others.
func TestDebugOnError(t *testing.T) {
	o := newOverloaded(t, route.Route{
		Levels:       route.AtLeast(slog.LevelWarn),
		DebugOnError: route.DebugOnError{From: slog.LevelDebug},
	})
	if !o.Enabled(t.Context(), slog.LevelDebug) || o.Enabled(t.Context(), slog.LevelDebug-1) {
		t.Error("Enabled is not as From says")
	}
	var ids []encode.ID
	for _, trace := range []byte{1, 2, 3} {
		o.log.DebugContext(withTrace(trace), fmt.Sprint("debug", trace))
		o.log.InfoContext(withTrace(trace), fmt.Sprint("info", trace))
	}
	o.log.Debug("of no request")
	o.log.WarnContext(withTrace(3), "warn3")
	before := time.Now()
	o.log.ErrorContext(withTrace(2), "error2")
	o.log.DebugContext(withTrace(2), "after2")
	o.log.DebugContext(withTrace(1), "after1")
	s := o.end()
	o.want("warn3 debug2 info2 error2 after2")
	for _, r := range o.records() {
		if ids = append(ids, r.ID); strings.HasSuffix(r.Message, "2") && r.Level < slog.LevelError && r.Message != "after2" {
			if r.Time.After(before) || r.Trace.TraceID[15] != 2 {
				t.Errorf("%+v", r)
			}
		}
	}
	if string(ids[1][:]) >= string(ids[0][:]) {
		t.Error("the ids are not those that the records had")
	}
	if s.DebugShipped != 3 || s.DebugEvicted != 0 || s.DebugKept != 0 || s.Logged != 5 || s.Dropped.Total() != 0 {
		t.Errorf("%+v", s)
	}
}

// A request that somebody has begun is one, whatever its traces; when it has
// ended, nothing is kept.
func TestWithRequest(t *testing.T) {
	o := newOverloaded(t, route.Route{Levels: route.AtLeast(slog.LevelError), DebugOnError: route.DebugOnError{From: slog.LevelInfo}})
	ctx, end := handler.WithRequest(withTrace(1))
	within, endNothing := handler.WithRequest(ctx)
	other, endOther := handler.WithRequest(withTrace(1))
	defer endOther()
	o.log.InfoContext(within, "a")
	o.log.InfoContext(other, "other")
	endNothing()
	if n := o.Stats().Routes[0].DebugKept; n != 2 {
		t.Errorf("%d kept", n)
	}
	o.log.ErrorContext(context.WithValue(ctx, traceKey{}, [16]byte{9}), "error")
	end()
	o.log.InfoContext(ctx, "late")
	o.log.ErrorContext(ctx, "late error")
	o.end()
	o.want("a error late error")
}

// Only what the route matches is kept, or is a trigger; a trigger need not be of
// the route's levels.
func TestDebugOnErrorMatches(t *testing.T) {
	o := newOverloaded(t, route.Route{
		Levels: route.Only(slog.LevelWarn), Match: route.Not(route.Message("other")),
		DebugOnError: route.DebugOnError{From: slog.LevelDebug, Trigger: slog.LevelError + 1},
	})
	ctx := withTrace(1)
	o.log.DebugContext(ctx, "debug")
	o.log.DebugContext(ctx, "other")
	o.log.ErrorContext(ctx, "error") // below Trigger, and not in Levels
	o.log.Log(ctx, slog.LevelError+1, "other")
	o.log.WarnContext(ctx, "warn")
	o.log.Log(ctx, slog.LevelError+1, "trigger")
	o.end()
	o.want("warn debug error")
}

// What is kept is bounded, and what goes for room is counted.
func TestDebugOnErrorBounds(t *testing.T) {
	o := newOverloaded(t, route.Route{
		Levels:       route.AtLeast(slog.LevelError),
		DebugOnError: route.DebugOnError{From: slog.LevelDebug, MaxRecords: 3, MaxBytes: 4096, MaxRequests: 2},
	})
	for i := range 5 {
		o.log.DebugContext(withTrace(1), fmt.Sprint(i))
	}
	o.log.DebugContext(withTrace(2), "large", "pad", strings.Repeat("x", 5000))
	o.log.DebugContext(withTrace(1), "5")
	o.log.DebugContext(withTrace(3), "quiet")
	if s := o.Stats().Routes[0]; s.DebugEvicted != 4 || s.DebugKept != 4 {
		t.Errorf("%+v", s)
	}
	for _, trace := range []byte{1, 3, 2, 0} {
		o.log.ErrorContext(withTrace(trace), "error")
	}
	o.end()
	o.want("3 4 5 error quiet error error error")
}

// A From and a Trigger that change are asked each time.
func TestDebugOnErrorDynamic(t *testing.T) {
	var from, trigger slog.LevelVar
	from.Set(slog.LevelInfo)
	trigger.Set(slog.LevelError)
	o := newOverloaded(t, route.Route{
		Levels: route.AtLeast(slog.LevelWarn), DebugOnError: route.DebugOnError{From: &from, Trigger: &trigger},
	})
	ctx := withTrace(1)
	o.log.DebugContext(ctx, "not kept")
	from.Set(slog.LevelDebug)
	o.log.DebugContext(ctx, "kept")
	trigger.Set(slog.LevelWarn)
	o.log.WarnContext(ctx, "warn")
	o.end()
	o.want("kept warn")
}
