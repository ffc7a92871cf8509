package handler

import (
	"context"
	"errors"
	"log/slog"
	"math/bits"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/deliver"
)

// scratch is the memory that one call encodes its record into, and keeps what
// matchers have asked for in.
type scratch struct {
	forms  []form // one or more
	frames []encode.Frame
	found  []found // by table.paths; clear but for a call under way
	seal   crypto.Scratch
	pcs    [maxFrames]uintptr
}

func newScratch() any { return &scratch{forms: []form{{payload: make([]byte, 0, 1024)}}} }

// maxScratch is the most memory that a scratch keeps for the next call. One
// huge record must not be paid for by every pool entry for ever.
const maxScratch = 64 << 10

// call is one record on its way to the lanes.
type call struct {
	h       *Handler
	table   *table // the routes as they were when the call began
	level   slog.Level
	from    string    // the route on whose behalf the caller runs; "": none
	now     time.Time // when slogship took the record
	s       *scratch
	form    *form    // the last one used, of s.forms; nil: nothing is encoded
	asked   bool     // s.found is in use
	taken   bool     // by a step
	watch   *watches // nil: nobody waits for delivery
	printed bool     // it came after Close and is on stderr
	err     error

	// What ctx brings, once something has asked for it.
	traced, gathered bool
	belongs          encode.Trace
	carried          []slog.Attr
}

// ship gives the record to every lane that takes it, encoding it at most once,
// with the first of them.
func (h *Handler) ship(ctx context.Context, t *table, r *slog.Record, w *watches) error {
	if ctx == nil { // slog puts one in its place, other callers may not
		ctx = context.Background()
	}
	c := call{h: h, table: t, level: r.Level, from: deliver.RouteOf(ctx), now: taken(r), watch: w}
	switch p := t.plan(r.Level); {
	case p.plain && c.from == "" && !t.clients:
		// What nearly every service has, without the tests that are for others: they
		// cost as much as a small attribute.
		for _, s := range p.steps {
			c.give(ctx, s.lane, r)
		}
	case p.index != nil:
		c.goIndexed(ctx, p, r)
	default:
		c.goThrough(ctx, p, r)
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

// goThrough asks each step of p until one was final.
func (c *call) goThrough(ctx context.Context, p *plan, r *slog.Record) {
	for _, s := range p.steps {
		if c.stopsAt(ctx, s, r, false) {
			return
		}
	}
}

// goIndexed is goThrough with an index. The value is looked up when a step comes
// that wants it and has the level: a step before may be final.
func (c *call) goIndexed(ctx context.Context, p *plan, r *slog.Record) {
	todo, narrowed := uint64(1)<<len(p.steps)-1, false
	for todo != 0 {
		i := bits.TrailingZeros64(todo)
		s, member := p.steps[i], p.index.member&(1<<i) != 0
		switch {
		case !member || narrowed:
			if c.stopsAt(ctx, s, r, member) {
				return
			}
		case s.fallback && c.taken || !c.mayTake(s, r):
		default:
			todo, narrowed = p.index.narrow(todo, c.find(ctx, p.index.slot, r)), true
			continue // with this step, if it is left
		}
		todo &^= 1 << i
	}
}

// stopsAt gives the record to s, if s takes it, and reports whether it goes no
// further. matched says that its matcher does.
func (c *call) stopsAt(ctx context.Context, s *step, r *slog.Record, matched bool) bool {
	if s.fallback && c.taken || !c.mayTake(s, r) || !matched && s.match != nil && !c.matches(ctx, s, r) {
		return false
	}
	if s.admission == nil {
		c.give(ctx, s.lane, r)
	} else {
		switch c.admit(ctx, s, r) {
		case admitted:
			c.give(ctx, s.lane, r)
		case aside:
			return false
		}
	}
	c.taken = true
	return s.final
}

// mayTake reports whether s takes the record if its matcher does. The record is
// not in call, some of whose contents go to the heap: then each caller's would.
func (c *call) mayTake(s *step, r *slog.Record) bool {
	if s.dynamic && !s.takes(c.h, c.table, r.Level) {
		return false
	}
	if c.from != "" && c.from == s.lane.route.Name {
		return false // what a route's own delivery logs would feed itself
	}
	if c.table.clients && s.lane.loggedByClient(c.h.core, r.PC) {
		return false
	}
	return true
}

// give stores the record in l.
func (c *call) give(ctx context.Context, l *lane, r *slog.Record) {
	if c.form == nil || c.form.sealer != l.sealer {
		c.use(ctx, r, l.sealer)
	}
	if err := l.take(ctx, c); err != nil {
		c.err = errors.Join(c.err, &RouteError{Route: l.route.Name, Err: err})
	}
}

// trace returns the trace that ctx belongs to, which is asked for once. It is
// not copied: 25 bytes that are copied and read at once wait for their stores,
// which takes longer than the question.
func (c *call) trace(ctx context.Context) *encode.Trace {
	if c.h.core.opts.Trace != nil && !c.traced {
		c.traced = true
		c.h.core.trace(ctx, &c.belongs)
	}
	return &c.belongs
}

// free gives the scratch back. Nothing of a lane's keeps it: buffers copy.
func (c *call) free() {
	if c.s == nil {
		return
	}
	if c.asked {
		c.s.forget()
	}
	for i := range c.s.forms {
		f := &c.s.forms[i]
		if cap(f.payload) > maxScratch {
			return // the pool makes another
		}
		f.made = false
	}
	c.h.core.scratch.Put(c.s)
}
