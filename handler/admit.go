package handler

import (
	"context"
	"log/slog"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/overload"
)

// verdict is what a route's policies say about a record that it matches.
type verdict uint8

const (
	admitted  verdict = iota // it is stored
	discarded                // it is counted, and the route has taken it
	aside                    // it is below the route's levels, and none of its records
)

// admit asks the policies of s, in the order that package route documents.
func (c *call) admit(ctx context.Context, s *step, r *slog.Record) verdict {
	a := s.admission
	if a.requests != nil && !c.keep(ctx, s, r) {
		return aside
	}
	if c.watch != nil {
		return admitted // Deliver delivers, or says that it has not
	}
	switch {
	case a.sampler != nil && r.Level < a.keep.level() && !c.sampled(ctx, a, r):
		s.lane.discard(buffer.Sampled, r.Level)
	case a.dedupe != nil && c.repeats(ctx, s, r):
		s.lane.discard(buffer.Deduplicated, r.Level)
	case a.limiter != nil && !c.within(ctx, s, r):
		s.lane.discard(buffer.RateLimited, r.Level)
	default:
		return admitted
	}
	return discarded
}

// sampled reports whether the record is in the part that is taken.
func (c *call) sampled(ctx context.Context, a *admission, r *slog.Record) bool {
	if a.sample.Share == 0 {
		return a.sampler.TakeCounted(r.Level, r.Message, a.at(c.now))
	}
	if a.sample.ByTrace {
		if id := c.trace(ctx).TraceID; id != [16]byte{} {
			return a.sampler.TakeTrace(id)
		}
	}
	return a.sampler.TakeAny()
}

// repeats reports whether the record is a repeat. Comparing takes the encoded
// attributes: to walk them as values would cost what encoding does, and say less
// exactly what a destination would call the same.
func (c *call) repeats(ctx context.Context, s *step, r *slog.Record) bool {
	// Compared is what was logged: no value is sealed alike twice. It stays in
	// memory; what is kept to be shipped is as the route's policy leaves it.
	c.use(ctx, r, nil)
	rec := overload.Record{Level: r.Level, Scope: c.h.scope, Message: r.Message, Attrs: c.form.payload[c.form.own:]}
	if s.lane.sealer != nil {
		rec.Like = rec.Attrs
		c.use(ctx, r, s.lane.sealer)
		rec.Attrs, rec.Shown = c.form.payload[c.form.own:], s.lane.sealer.Message(&c.s.seal, r.Message)
	}
	repeated, ended := s.admission.dedupe.Repeated(&rec, c.now, s.admission.at(c.now))
	if ended != nil {
		c.h.core.shipRepeats(s.lane, ended)
	}
	return repeated
}

// within reports whether the record is within the limit.
func (c *call) within(ctx context.Context, s *step, r *slog.Record) bool {
	a := s.admission
	now := a.at(c.now)
	if a.limit.Key == "" {
		return a.limiter.Take(now)
	}
	var key uint64 // 0: records without the attribute
	if f := c.find(ctx, s.limitSlot, r); f.state == present {
		key = a.limiter.Hash(f.value)
	}
	return a.limiter.TakeKey(key, now)
}

// keep sees to DebugOnError: it ships what the record's request has if the record
// is a trigger, and keeps it if it is below the route's levels. It returns true
// if the record is one of the route's levels.
func (c *call) keep(ctx context.Context, s *step, r *slog.Record) bool {
	a := s.admission
	taken := s.includes(c.h, c.table, r.Level)
	trigger := r.Level >= a.trigger.level()
	if taken && !trigger {
		return true
	}
	key := overload.Key{Request: requestOf(ctx)}
	if key.Request == nil {
		key.Trace = c.trace(ctx).TraceID
	}
	if key == (overload.Key{}) {
		return taken
	}
	if trigger {
		a.requests.Trigger(key, func(k *overload.Kept) { s.lane.store(c.h.core, k) })
		return taken
	}
	c.use(ctx, r, s.lane.sealer)
	if a.requests.Keep(key, &overload.Kept{
		Payload: c.form.payload, Sum: c.form.sum, Level: uint8(encode.LevelIndex(r.Level)), Time: c.now.UnixNano(),
	}) {
		c.give(ctx, s.lane, r)
	}
	return false
}

// discard counts a record that a policy kept from being stored.
func (l *lane) discard(why buffer.Reason, level slog.Level) {
	if l.buf != nil {
		l.buf.Discard(why, uint8(encode.LevelIndex(level)))
		return
	}
	l.direct.discarded[why-buffer.Sampled][encode.LevelIndex(level)].Add(1)
}

// store stores, or sends, a record that is not the call's own. Where it goes
// wrong it is counted, and on a Direct route OnError hears of it: no caller waits
// for it any more.
func (l *lane) store(c *core, k *overload.Kept) {
	if l.buf == nil {
		_ = l.sendPayload(context.Background(), c, k.Payload, int(k.Level))
		return
	}
	_, _ = l.buf.Append(context.Background(), buffer.Record{Payload: k.Payload, Sum: k.Sum, Level: k.Level, Time: k.Time})
}
