package handler

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
)

// scratch is the memory that one call encodes its record into.
type scratch struct {
	payload []byte
	frames  []encode.Frame
	pcs     [maxFrames]uintptr
}

// maxScratch is the most memory that a scratch keeps for the next call. One
// huge record must not be paid for by every pool entry for ever.
const maxScratch = 64 << 10

// call is one record on its way to the lanes.
type call struct {
	h       *Handler
	r       slog.Record // a copy: through a pointer every record would go to the heap
	from    string      // the route on whose behalf the caller runs; "": none
	now     time.Time   // when slogship took the record
	id      encode.ID
	s       *scratch
	sum     uint32 // of s.payload; valid once encoded
	encoded bool
	watch   *watches // nil: nobody waits for delivery
	err     error
}

// ship gives the record to every lane that takes it, encoding it at most once,
// with the first of them.
func (h *Handler) ship(ctx context.Context, r *slog.Record, w *watches) error {
	c := call{h: h, r: *r, from: deliver.RouteOf(ctx), now: taken(r), watch: w}
	for _, l := range h.core.fixed(r.Level) {
		c.offer(ctx, l)
	}
	for _, l := range h.core.dynamic {
		if l.route.Levels.Contains(r.Level) {
			c.offer(ctx, l)
		}
	}
	c.free()
	return c.err
}

// taken returns when slogship got the record. A time with a monotonic reading
// was read from this process's clock, by slog just now, so reading the clock
// again (40 ns, a tenth of the call) would say nothing new.
func taken(r *slog.Record) time.Time {
	if r.Time != r.Time.Round(0) {
		return r.Time
	}
	return time.Now()
}

// offer gives the record to l unless l does not want it.
func (c *call) offer(ctx context.Context, l *lane) {
	if c.from == l.route.Name && c.from != "" {
		return // what a route's own delivery logs would feed itself
	}
	if c.h.core.clients && l.loggedByClient(c.h.core, c.r.PC) {
		return
	}
	if l.route.Match != nil && !l.matches(c) {
		return
	}
	if !c.encoded {
		c.encode(ctx)
	}
	if err := l.take(ctx, c); err != nil {
		c.err = errors.Join(c.err, &RouteError{Route: l.route.Name, Err: err})
	}
}

// encode builds the payload. It is the same for all lanes.
func (c *call) encode(ctx context.Context) {
	core := c.h.core
	c.s = core.scratch.Get().(*scratch)
	c.id = core.ids.Next(c.now)
	header := codec.Header{
		ID: c.id, Time: c.r.Time, Observed: c.now, Level: c.r.Level,
		Message: c.r.Message, Scope: c.h.scope,
	}
	if core.opts.Trace != nil {
		header.Trace = core.trace(ctx)
	}
	if core.opts.AddSource {
		header.Source = core.sources.encoded(c.r.PC)
	}
	if c.r.Level >= core.opts.StackFrom.Level() {
		header.Stack = core.stack(c.s, c.r.PC)
	}
	p := codec.AppendHeader(c.s.payload[:0], &header)
	for _, extract := range core.opts.Context {
		for _, a := range core.extracted(ctx, extract) {
			p = core.appendAttr(p, nil, a)
		}
	}
	p = codec.AppendEncoded(p, c.h.prefix)
	c.s.payload = c.appendAttrs(p)
	c.sum = buffer.Sum(c.s.payload)
	c.encoded = true
}

// appendAttrs appends the record's own attributes.
func (c *call) appendAttrs(p []byte) []byte {
	if c.h.core.opts.ReplaceAttr != nil {
		c.r.Attrs(func(a slog.Attr) bool {
			p = c.h.core.appendAttr(p, c.h.groups, a)
			return true
		})
		return p
	}
	c.r.Attrs(func(a slog.Attr) bool {
		p = codec.AppendAttr(p, a)
		return true
	})
	return p
}

// free gives the scratch back. Nothing of a lane's keeps it: buffers copy.
func (c *call) free() {
	if c.s == nil || cap(c.s.payload) > maxScratch {
		return
	}
	c.h.core.scratch.Put(c.s)
}
