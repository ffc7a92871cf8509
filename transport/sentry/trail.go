package sentry

import (
	"context"
	"log/slog"
	"sync"

	sdk "github.com/getsentry/sentry-go"
)

const (
	// DefaultTrail is how many breadcrumbs a trail keeps.
	DefaultTrail = 50

	maxTrail = 1000
)

// trail is a ring of breadcrumbs. It belongs to one request or task and may be
// written by its goroutines.
//
// A ring for each trace, in a map by trace id, was rejected: nobody can tell when a
// trace ends, so the map would need a bound and a clock, and requests of one trace
// in one process would read each other's. A ctx ends by itself.
type trail struct {
	mu     sync.Mutex
	crumbs []*sdk.Breadcrumb // guarded by mu; a ring once it is full. What is in it does not change.
	next   int               // guarded by mu; where the next one goes in a full ring
	size   int
}

// WithTrail returns a ctx with a trail of its own for breadcrumbs: the newest size
// of them (at most 1,000; 0: DefaultTrail). [Middleware] does so for each request;
// a worker does it for each job. A trail costs nothing until something is logged,
// and is gone with the ctx.
func WithTrail(ctx context.Context, size int) context.Context {
	if size <= 0 {
		size = DefaultTrail
	}
	return context.WithValue(ctx, trailKey{}, &trail{size: min(size, maxTrail)})
}

type trailKey struct{}

// trailOf is nil where nobody has begun a trail.
func trailOf(ctx context.Context) *trail {
	t, _ := ctx.Value(trailKey{}).(*trail)
	return t
}

func (t *trail) add(c *sdk.Breadcrumb) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.crumbs) < t.size {
		t.crumbs = append(t.crumbs, c)
		return
	}
	t.crumbs[t.next] = c
	t.next = (t.next + 1) % t.size
}

// list returns the breadcrumbs, the oldest first.
func (t *trail) list() []*sdk.Breadcrumb {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*sdk.Breadcrumb, 0, len(t.crumbs))
	list = append(list, t.crumbs[t.next:]...)
	return append(list, t.crumbs[:t.next]...)
}

// What of a record a breadcrumb keeps, so that a trail is some 100 KiB at most.
const (
	maxCrumbText  = 512
	maxCrumbAttrs = 16
)

// crumb makes a breadcrumb of a record and of the attributes that its logger has.
// Values are made text here, on the goroutine that logs, since what they point to
// may change afterwards.
func crumb(r *slog.Record, bound []boundAttr, prefix string) *sdk.Breadcrumb {
	c := &sdk.Breadcrumb{
		Type: "default", Category: "log", Level: eventLevel(r.Level), Timestamp: r.Time,
		Message: cut(r.Message, maxCrumbText), Data: map[string]any{},
	}
	for _, b := range bound {
		addCrumbAttr(c.Data, b.prefix, b.attr, 0)
	}
	r.Attrs(func(a slog.Attr) bool {
		addCrumbAttr(c.Data, prefix, a, 0)
		return len(c.Data) < maxCrumbAttrs
	})
	return c
}

func addCrumbAttr(into map[string]any, prefix string, a slog.Attr, depth int) {
	v, ok := resolved(a.Value)
	switch {
	case !ok || len(into) >= maxCrumbAttrs || depth > maxDepth:
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			addCrumbAttr(into, prefix, member, depth+1)
		}
	case a.Key != "":
		into[prefix+a.Key] = crumbValue(v)
	}
}

// resolved contains a panic of a LogValue: the handler behind us says in the
// record itself that there was one.
func resolved(v slog.Value) (out slog.Value, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return v.Resolve(), true
}

// crumbValue is v as text, but for integers and booleans: JSON has no NaN, and a
// breadcrumb with one would take the whole scope along.
func crumbValue(v slog.Value) (out any) {
	defer func() {
		if p := recover(); p != nil { // of an Error or String method
			out = "!PANIC"
		}
	}()
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindBool:
		return v.Any()
	}
	return cut(v.String(), maxCrumbText)
}
