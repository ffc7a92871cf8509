package handler

import (
	"context"
	"fmt"
	"log/slog"
	"math"

	"github.com/slogship/slogship/encode"
)

// The functions here call the user's code. A logging call never panics, and
// Close calls from goroutines of its own, where a panic would end the process;
// so each turns a panic into data or an error.

func contained(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p}
		}
	}()
	return f()
}

// contains asks levels whose bounds are the caller's code. One that panics takes
// the record, as a matcher that does. Only steps with such bounds pay for the
// defer.
func (s *step) contains(level slog.Level) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.report.failed(s.lane.route.Name, fmt.Errorf("levels: %w", &panicError{p}))
			ok = true
		}
	}()
	return s.levels.Contains(level)
}

// stackFrom is the level from which records carry a stack. Every call asks, so
// only a Leveler that is the caller's own code pays for the defer.
func (c *core) stackFrom() slog.Level {
	switch l := c.opts.StackFrom.(type) {
	case slog.Level:
		return l
	case *slog.LevelVar:
		return l.Level()
	}
	return c.askStackFrom()
}

// askStackFrom asks the caller's Leveler. One that panics gets no stack.
func (c *core) askStackFrom() (level slog.Level) {
	defer func() {
		if p := recover(); p != nil {
			c.report.failed("", fmt.Errorf("handler: Options.StackFrom: %w", &panicError{p}))
			level = math.MaxInt
		}
	}()
	return c.opts.StackFrom.Level()
}

func (c *core) trace(ctx context.Context, t *encode.Trace) {
	defer func() {
		if p := recover(); p != nil {
			c.report.failed("", fmt.Errorf("handler: Options.Trace: %w", &panicError{p}))
		}
	}()
	*t = c.opts.Trace(ctx)
}

func (c *core) extracted(ctx context.Context, extract func(context.Context) []slog.Attr) (attrs []slog.Attr) {
	defer func() {
		if p := recover(); p != nil {
			attrs = []slog.Attr{slog.String("!PANIC", fmt.Sprintf("Options.Context: %v", p))}
		}
	}()
	return extract(ctx)
}
