package sentry

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
)

// The names of attributes that have a meaning here.
const (
	scopeKey   = "sentry.scope"
	requestKey = "request"
)

// maxCapture bounds what a record carries of its ctx, in bytes of JSON.
const maxCapture = 64 << 10

// capture is what a record carries of the scope in the ctx of its log call.
type capture struct {
	Breadcrumbs []*sdk.Breadcrumb      `json:"breadcrumbs,omitempty"`
	Tags        map[string]string      `json:"tags,omitempty"`
	Contexts    map[string]sdk.Context `json:"contexts,omitempty"`
	User        *sdk.User              `json:"user,omitempty"`
	Fingerprint []string               `json:"fingerprint,omitempty"`
	Request     *sdk.Request           `json:"request,omitempty"`
}

// apply gives it to an event, before what the record says itself.
func (c *capture) apply(e *sdk.Event) {
	e.Breadcrumbs, e.Fingerprint, e.Request = c.Breadcrumbs, c.Fingerprint, c.Request
	maps.Copy(e.Tags, c.Tags)
	maps.Copy(e.Contexts, c.Contexts)
	if c.User != nil {
		e.User = *c.User
	}
}

// Context is for handler.Options.Context. It runs in the log call and returns what
// an event takes from its ctx: the scope of a sentry-go hub there (user, tags,
// contexts, fingerprint, request, breadcrumbs) and the trail, as the attribute
// "sentry.scope", in JSON of at most 64 KiB. It is part of the record from then
// on, survives a restart with it, and is in what other routes ship.
//
// Behind [NewHandler], records below EventsFrom have no such attribute. Without,
// Context does not know the level: each record logged with a hub in its ctx has
// it, without breadcrumbs.
//
// The scope's own event processors run, also those that drop the event: the record
// is then sent without its scope. Attachments are left out.
func Context(ctx context.Context) []slog.Attr {
	held, ok := ctx.Value(captureKey{}).(*held)
	switch {
	case ok && !held.event:
		return nil
	case ok:
		return captured(ctx, held.trail, true)
	case hasHub(ctx):
		return captured(ctx, nil, false)
	default:
		return nil
	}
}

// Trace is for handler.Options.Trace, in services that trace with sentry-go: the
// span in ctx. Without a span it is the zero Trace, and an event has the trace of
// the hub's scope, if [Context] has captured one.
func Trace(ctx context.Context) encode.Trace {
	span := sdk.SpanFromContext(ctx)
	if span == nil {
		return encode.Trace{}
	}
	t := encode.Trace{TraceID: span.TraceID, SpanID: span.SpanID}
	if span.Sampled == sdk.SampledTrue {
		t.Flags = 1
	}
	return t
}

type captureKey struct{}

// held is what the handler knows and a Context function does not: whether the
// record becomes an event.
type held struct {
	event bool
	trail []*sdk.Breadcrumb
}

// withCapture says what Context shall find.
func withCapture(ctx context.Context, t *trail, event bool) context.Context {
	h := &held{event: event}
	if event && t != nil {
		h.trail = t.list()
	}
	return context.WithValue(ctx, captureKey{}, h)
}

func hasHub(ctx context.Context) bool { return sdk.GetHubFromContext(ctx) != nil }

// captured is the attribute. event: the scope's own breadcrumbs are wanted, before
// those of the trail.
func captured(ctx context.Context, trail []*sdk.Breadcrumb, event bool) []slog.Attr {
	c := capture{Breadcrumbs: trail}
	if hub := sdk.GetHubFromContext(ctx); hub != nil {
		c.scope(hub, event)
	}
	for {
		raw, err := json.Marshal(&c)
		switch {
		case err != nil || string(raw) == "{}":
			return nil // a context that is no JSON: the record is worth more than its scope
		case len(raw) <= maxCapture:
			return []slog.Attr{slog.Any(scopeKey, json.RawMessage(raw))}
		case len(c.Breadcrumbs) > 0:
			c.Breadcrumbs = c.Breadcrumbs[(len(c.Breadcrumbs)+1)/2:] // the newest say most
		case c.Contexts != nil || c.Request != nil:
			c.Contexts, c.Request = nil, nil
		default:
			return nil
		}
	}
}

// scope copies what the hub's scope says. A processor of the service's own may
// panic; a log call must not.
func (c *capture) scope(hub *sdk.Hub, crumbs bool) {
	defer func() { _ = recover() }()
	e := hub.Scope().ApplyToEvent(&sdk.Event{Tags: map[string]string{}, Contexts: map[string]sdk.Context{}}, nil, hub.Client())
	if e == nil {
		return
	}
	c.Tags, c.Contexts, c.Fingerprint, c.Request = e.Tags, e.Contexts, e.Fingerprint, e.Request
	if !e.User.IsEmpty() {
		c.User = &e.User
	}
	if crumbs {
		c.Breadcrumbs = append(e.Breadcrumbs, c.Breadcrumbs...)
	}
}
