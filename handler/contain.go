package handler

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// The functions here call the user's code. A logging call never panics, so
// each turns a panic into data and reports it.

// matches asks the route's matcher. One that panics takes the record: a record
// too many is better than one lost.
func (l *lane) matches(h *Handler, r *slog.Record) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			h.core.report.failed(l.route.Name, fmt.Errorf("matcher: %w", &panicError{p}))
			ok = true
		}
	}()
	shown := *r // what a matcher gets goes to the heap
	return l.route.Match.Match(&subject{h: h, r: &shown})
}

func (c *core) trace(ctx context.Context) (t encode.Trace) {
	defer func() {
		if p := recover(); p != nil {
			c.report.failed("", fmt.Errorf("Options.Trace: %w", &panicError{p}))
		}
	}()
	return c.opts.Trace(ctx)
}

func (c *core) extracted(ctx context.Context, extract func(context.Context) []slog.Attr) (attrs []slog.Attr) {
	defer func() {
		if p := recover(); p != nil {
			attrs = []slog.Attr{slog.String("!PANIC", fmt.Sprintf("Options.Context: %v", p))}
		}
	}()
	return extract(ctx)
}
