package sentry

import (
	"context"
	"log/slog"
	"slices"
)

// Tracker configures [NewHandler]. The zero Tracker is the default.
type Tracker struct {
	// From is the level from which records become breadcrumbs, whatever the
	// handler behind ships. Default: slog.LevelDebug.
	From slog.Leveler

	// EventsFrom is Destination.EventsFrom: records from here up take the trail
	// along. Default: slog.LevelError.
	EventsFrom slog.Leveler
}

// NewHandler returns a handler in front of next, usually a *handler.Handler, that
// keeps what is logged with a ctx that has a trail ([WithTrail], [Middleware]) as
// breadcrumbs in memory, so that DEBUG need not be routed to Sentry or anywhere
// else, and gives the trail to records that become events. [Context] has to be
// among handler.Options.Context:
//
//	h, err := handler.New(routes, &handler.Options{Context: …{sentry.Context}})
//	slog.SetDefault(slog.New(sentry.NewHandler(h, nil)))
//
// Records logged with another ctx pass as they are.
func NewHandler(next slog.Handler, t *Tracker) slog.Handler {
	h := &tracker{next: next, from: slog.LevelDebug, events: slog.LevelError}
	if t != nil && t.From != nil {
		h.from = t.From
	}
	if t != nil && t.EventsFrom != nil {
		h.events = t.EventsFrom
	}
	return h
}

// tracker does not change; With methods make others.
//
// It is in front of the handler and not its Options.Next, which hears of a record
// after it was shipped, and of no level that no route takes.
type tracker struct {
	next         slog.Handler
	from, events slog.Leveler
	bound        []boundAttr // of WithAttrs
	prefix       string      // of the open groups
}

// Enabled is asked for each log call, so a ctx without a trail costs one look-up
// and only where next does not want the level.
func (h *tracker) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level) || level >= h.from.Level() && trailOf(ctx) != nil
}

func (h *tracker) Handle(ctx context.Context, r slog.Record) error {
	t := trailOf(ctx)
	event := r.Level >= h.events.Level()
	wanted := h.next.Enabled(ctx, r.Level)
	if wanted && (t != nil || hasHub(ctx)) {
		ctx = withCapture(ctx, t, event)
	}
	// After the capture: the record is no breadcrumb of itself.
	if t != nil && r.Level >= h.from.Level() {
		t.add(crumb(&r, h.bound, h.prefix))
	}
	if !wanted {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h *tracker) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.next = h.next.WithAttrs(attrs)
	c.bound = slices.Clip(h.bound)
	for _, a := range attrs {
		c.bound = append(c.bound, boundAttr{h.prefix, a})
	}
	return &c
}

// boundAttr is an attribute, and the groups that it stands in, with a "." behind
// each.
type boundAttr struct {
	prefix string
	attr   slog.Attr
}

func (h *tracker) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.next, c.prefix = h.next.WithGroup(name), h.prefix+name+"."
	return &c
}
