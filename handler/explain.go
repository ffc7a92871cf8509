package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/internal/match"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// Explain says what Handle would do with r, and why, without doing it: nothing
// is stored, sent or counted, and no policy used up. It calls what a log call
// would: matchers, LogValuers, the functions of Options. It takes its time, and
// is for tests, tools and people, not for the path of a log call.
func (h *Handler) Explain(ctx context.Context, r slog.Record) Explanation {
	if ctx == nil {
		ctx = context.Background()
	}
	t := h.core.table.Load()
	x := explainer{
		ctx: ctx, r: &r,
		c: call{h: h, table: t, level: r.Level, from: deliver.RouteOf(ctx), now: taken(&r)},
	}
	defer x.c.free()
	e := Explanation{Level: r.Level, Message: r.Message, Scope: h.scope}
	said := make(map[*lane]RouteExplanation)
	for i := range t.all { // as they are asked: fallbacks last
		s := &t.all[i]
		said[s.lane] = x.route(s)
	}
	for _, l := range t.lanes {
		if one, ok := said[l]; ok {
			e.Routes = append(e.Routes, one)
		}
	}
	e.Next = h.next != nil && h.next.Enabled(ctx, r.Level)
	return e
}

// explainer is one Explain under way: a log call that gives its record to
// nobody.
type explainer struct {
	ctx context.Context
	c   call
	r   *slog.Record

	last  string // the route that took it last
	final string // the route that keeps it from those after it
}

// route goes by the same tests in the same order as call.stopsAt.
func (x *explainer) route(s *step) RouteExplanation {
	e := RouteExplanation{Route: s.lane.route.Name, Destination: describe(s.lane.route.To)}
	if e.Why = x.refusal(s, &e); e.Why != "" {
		return e
	}
	e.Taken, e.Why = true, x.reason(s)
	e.Policies = policies(&s.lane.route)
	preview, err := x.preview(s.lane)
	e.Preview, e.Err = preview, errors.Join(e.Err, err)
	x.last, x.c.taken = e.Route, true
	if s.final {
		x.final = e.Route
	}
	return e
}

// refusal says why s does not take the record; "": it does.
func (x *explainer) refusal(s *step, e *RouteExplanation) string {
	level := levelName(x.r.Level)
	kept := false
	switch {
	case x.final != "":
		return fmt.Sprintf("%s took it and is final", x.final)
	case s.fallback && x.c.taken:
		return fmt.Sprintf("%s took it, and this is a fallback", x.last)
	case !s.includes(x.c.h, x.c.table, x.r.Level):
		if kept = s.admission.mayKeep(x.r.Level); !kept {
			return fmt.Sprintf("%s is not in %s", level, s.levelsOf(x.c.h))
		}
	}
	switch {
	case x.c.from != "" && x.c.from == s.lane.route.Name:
		return "it is logged by this route's own delivery, which it would feed"
	case x.c.table.clients && s.lane.loggedByClient(x.c.h.core, x.r.PC):
		return "it is logged by the client library of this route's transport, which it would feed"
	case s.match != nil && !x.matches(s, e):
		return x.failed(s.match)
	case kept:
		return fmt.Sprintf("%s is not in %s; kept in memory and sent if its request logs an error (DebugOnError)", level, s.levelsOf(x.c.h))
	}
	return ""
}

// matches is call.matches, but for a matcher that panics, which e tells of and
// not OnError.
func (x *explainer) matches(s *step, e *RouteExplanation) bool {
	quiet := *s
	quiet.report = &reporter{onError: func(err error) { e.Err = err }}
	return x.c.matches(x.ctx, &quiet, x.r)
}

// failed says which part of m does not hold. Values are not shown: Explain knows
// them before they are sealed.
func (x *explainer) failed(m *matcher) string {
	for m.op == match.All {
		i := slices.IndexFunc(m.parts, func(part matcher) bool { return !x.c.test(x.ctx, &part, x.r) })
		if i < 0 {
			break // a matcher that says one thing and then another
		}
		m = &m.parts[i]
	}
	text := route.MatcherText(m.source) + " does not hold"
	switch m.op {
	case match.Equals, match.Regexp, match.Range:
		if x.c.find(x.ctx, m.slot, x.r).state == absent {
			text += ": there is no " + m.node.Path
		}
	}
	return text
}

// reason says why s takes the record.
func (x *explainer) reason(s *step) string {
	why := levelName(x.r.Level) + " is in " + s.levelsOf(x.c.h)
	if s.match != nil {
		why += "; " + route.MatcherText(s.match.source)
	}
	if s.fallback {
		why += "; no other route took it"
	}
	return why
}

// levelsOf are the levels of s for h's scope.
func (s *step) levelsOf(h *Handler) string {
	scopes := s.levels.Scopes()
	switch {
	case scopes == nil:
		return s.levels.String()
	case h.scope == "":
		return ">=" + levelName(scopes.Level(""))
	default:
		return fmt.Sprintf(">=%s, the level of scope %s", levelName(scopes.Level(h.scope)), h.scope)
	}
}

// preview is what the record looks like at l's destination.
func (x *explainer) preview(l *lane) ([]byte, error) {
	rec, err := x.record(l)
	if err != nil {
		return nil, err
	}
	var out []byte
	err = contained(func() error {
		if p, ok := l.transport.(transport.Previewer); ok {
			out, err = p.Preview(rec)
			return err
		}
		out, err = encode.JSONLines{}.AppendRecord(nil, rec)
		return err
	})
	return out, err
}

// record is the call's record as l's transport gets it: by way of its payload,
// with the fields sealed as the route has them.
func (x *explainer) record(l *lane) (*encode.Record, error) {
	x.c.use(x.ctx, x.r, l.sealer)
	rec := new(encode.Record)
	if err := new(codec.Decoder).Decode(string(x.c.form.payload), rec); err != nil {
		return nil, err
	}
	rec.Resource = x.c.h.core.resource
	return rec, nil
}

// policies names what may still discard a record of r.
func policies(r *route.Route) []string {
	var out []string
	if s := r.Sample; s != (route.Sample{}) {
		out = append(out, "Sample leaves it out")
	}
	if r.Dedupe != (route.Dedupe{}) {
		out = append(out, fmt.Sprintf("Dedupe had one like it in the last %v", r.Dedupe.Window))
	}
	if l := r.Limit; l.PerSecond != 0 {
		of := ""
		if l.Key != "" {
			of = " of one " + l.Key
		}
		out = append(out, fmt.Sprintf("Limit had %v a second%s before it", l.PerSecond, of))
	}
	if len(r.Buffer.Shed) > 0 {
		out = append(out, "Buffer.Shed finds too little room for its level")
	}
	return out
}
