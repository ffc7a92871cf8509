package handler

import (
	"log/slog"
	"time"

	"github.com/slogship/slogship/internal/overload"
	"github.com/slogship/slogship/route"
)

// admission is what the overload policies of one route have to remember. It is
// shared by all tables in which the route's policies are the same. Immutable but
// for what guards itself.
type admission struct {
	began time.Time // the policies' times count from here

	sample   route.Sample // with defaults
	keep     bound
	sampler  *overload.Sampler // nil: all are taken
	limit    route.Limit
	limiter  *overload.Limiter // nil: no limit
	window   route.Dedupe
	dedupe   *overload.Dedupe // nil: repeats are taken
	debug    route.DebugOnError
	from     bound
	trigger  bound
	requests *overload.Requests // nil: nothing is kept

	repeats repeats // the goroutine behind dedupe
}

// newAdmission returns what the policies of r need, nil if there are none.
func newAdmission(r *route.Route, report *reporter) *admission {
	a := &admission{
		began:  time.Now(),
		sample: r.Sample.WithDefaults(), limit: r.Limit.WithDefaults(),
		window: r.Dedupe.WithDefaults(), debug: r.DebugOnError.WithDefaults(),
	}
	switch {
	case !a.sample.Samples():
	case a.sample.Share > 0:
		a.sampler = overload.ByShare(a.sample.Share)
	default:
		a.sampler = overload.ByCount(a.sample.First, a.sample.Every, a.sample.Interval)
	}
	a.keep = newBound(a.sample.Keep, "Sample.Keep", r.Name, report)
	if l := &a.limit; l.PerSecond > 0 {
		keys := 0
		if l.Key != "" {
			keys = l.MaxKeys
		}
		a.limiter = overload.NewLimiter(l.PerSecond, l.Burst, keys)
	}
	if a.window.Window > 0 {
		a.dedupe = overload.NewDedupe(a.window.Window, a.window.MaxKeys)
	}
	if d := &a.debug; d.From != nil {
		a.requests = overload.NewRequests(d.MaxRecords, d.MaxBytes, d.MaxRequests)
		a.from = newBound(d.From, "DebugOnError.From", r.Name, report)
		a.trigger = newBound(d.Trigger, "DebugOnError.Trigger", r.Name, report)
	}
	if a.sampler == nil && a.limiter == nil && a.dedupe == nil && a.requests == nil {
		return nil
	}
	return a
}

// samePolicies reports whether a route that was a and is b now may keep its
// admission: tokens, counters, windows and what is kept. Of two bounds that can
// change, those are the same that are one: what they say now says nothing of
// later.
func samePolicies(a, b *route.Route) (same bool) {
	defer func() { _ = recover() }() // a Leveler that cannot be compared: not the same
	return a.Name == b.Name &&       // errors name it
		a.Sample == b.Sample && a.Limit == b.Limit && a.Dedupe == b.Dedupe && a.DebugOnError == b.DebugOnError
}

// at is the time of a policy. A record may be a moment older than the policies.
func (a *admission) at(t time.Time) int64 { return int64(max(0, t.Sub(a.began))) }

// mayKeep reports whether a record of level, below those of its route, may be
// kept.
func (a *admission) mayKeep(level slog.Level) bool {
	return a != nil && a.requests != nil && level >= a.from.level()
}

// changes reports whether what mayKeep says can change while we run.
func (a *admission) changes() bool { return a != nil && a.requests != nil && a.from.asked != nil }

// start starts what a needs beside the calls, for the lane that it works for.
// stop ends it.
func (a *admission) start(c *core, l *lane) {
	if a != nil && a.dedupe != nil {
		a.repeats.start(c, l, a)
	}
}

// stop ships the counts of what was repeated, which the buffer must still take,
// and lets go of everything. Calls that come later are subject to no more than
// sampling and the limit.
func (a *admission) stop(c *core, l *lane) {
	if a == nil {
		return
	}
	if a.dedupe != nil {
		a.repeats.stop(c, l, a)
	}
	if a.requests != nil {
		a.requests.Close()
	}
}
