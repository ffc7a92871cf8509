package handler

import (
	"context"
	"log/slog"

	"github.com/slogship/slogship/internal/match"
)

// found is what a call has found at one path, for all matchers that ask for it.
type found struct {
	state asked
	print match.Print // of value
	value slog.Value
}

type asked uint8

const (
	unasked asked = 0 // not looked up yet
	absent  asked = 1
	present asked = 2
)

// find returns what is at the path of a slot, which is looked up with the first
// call: an attribute that no matcher asks for, or none any more because an
// earlier part has decided, is not resolved.
func (c *call) find(ctx context.Context, slot int, r *slog.Record) *found {
	if c.s == nil {
		c.s = c.h.core.scratch.Get().(*scratch)
	}
	if n := len(c.table.paths); len(c.s.found) < n {
		// What the pool holds is cleared, so growing within capacity shows no
		// other call's values.
		c.s.found = append(c.s.found, make([]found, n-len(c.s.found))...)
	}
	f := &c.s.found[slot]
	if f.state == unasked {
		c.asked = true
		c.lookUp(ctx, f, c.table.paths[slot], r)
	}
	return f
}

// forget clears what was found: the pool must not hold on to what was logged.
func (s *scratch) forget() {
	for i := range s.found {
		if f := &s.found[i]; f.state != unasked {
			*f = found{}
		}
	}
}

func (c *call) lookUp(ctx context.Context, f *found, path string, r *slog.Record) {
	v, ok := c.h.lookup(path, r)
	if !ok {
		v, ok = lookupIn(c.fromContext(ctx), path)
	}
	if !ok {
		f.state = absent
		return
	}
	f.state, f.value, f.print = present, v, match.PrintOf(v)
}

// fromContext returns the attributes that ctx brings, which are gathered once.
func (c *call) fromContext(ctx context.Context) []slog.Attr {
	if !c.gathered {
		c.carried, c.gathered = c.h.core.fromContext(ctx), true
	}
	return c.carried
}

// fromContext returns the attributes of Options.Context and of With.
func (c *core) fromContext(ctx context.Context) []slog.Attr {
	if len(c.opts.Context) == 0 {
		return Attrs(ctx)
	}
	var attrs []slog.Attr
	for _, extract := range c.opts.Context {
		attrs = append(attrs, c.extracted(ctx, extract)...)
	}
	return append(attrs, Attrs(ctx)...)
}
