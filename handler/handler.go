package handler

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/internal/codec"
)

// Handler is a slog.Handler that ships records through its routes. It is safe
// for concurrent use. The handlers that With methods return share everything
// with the one they came from: closing one closes all.
type Handler struct {
	core *core // shared by all clones

	// What With methods have gathered. Immutable: a clone gets its own.
	with   *prefixes    // attributes and open groups, encoded; nil: none
	groups []string     // open groups, outermost first
	bound  []boundAttrs // the same attributes as values, for matchers and other policies
	scope  string
	known  *scopeKnown  // what table.scopes say of scope; shared by handlers of one scope
	next   slog.Handler // Options.Next with the same With calls; nil: none
}

var _ slog.Handler = (*Handler)(nil)

// boundAttrs are the attributes of one WithAttrs, and under how many of the
// handler's groups they stand.
type boundAttrs struct {
	depth int
	attrs []slog.Attr
}

// Enabled reports whether a route, or Options.Next, takes records of level, or
// may keep them for route.DebugOnError.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	if h.core.table.Load().takes(h, level) {
		return true
	}
	return h.next != nil && h.next.Enabled(ctx, level)
}

// Handle ships r through every route that takes it and passes it on to
// Options.Next. It does not wait for any destination, and a ctx that is done
// does not keep a record from being shipped. The error is what Log returns for
// the same record; slog discards it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	var err error
	if t := h.core.table.Load(); t.takes(h, r.Level) {
		err = h.ship(ctx, t, &r, nil)
	}
	if h.next != nil && h.next.Enabled(ctx, r.Level) {
		err = errors.Join(err, h.next.Handle(ctx, r))
	}
	return err
}

// WithAttrs returns a handler whose records have attrs as well. They are
// resolved and encoded here, once.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	c := *h
	// Also while no route has a matcher: the routes may change.
	c.bound = append(slices.Clip(h.bound), boundAttrs{len(h.groups), slices.Clone(attrs)})
	c.with = h.extended(func(dst []byte, s *crypto.Sealer) []byte {
		var seal crypto.Scratch // its zero Record: they are of no one record
		at := groupOf(s, h.groups)
		for _, a := range attrs {
			dst = h.core.appendAttr(dst, &seal, at, h.groups, a)
		}
		return dst
	})
	if h.next != nil {
		c.next = h.next.WithAttrs(attrs)
	}
	return &c
}

// WithGroup returns a handler that puts all further attributes into a group.
// A group that stays empty does not appear.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.with = h.extended(func(dst []byte, _ *crypto.Sealer) []byte { return codec.AppendGroup(dst, name) })
	c.groups = append(slices.Clip(h.groups), name)
	if h.next != nil {
		c.next = h.next.WithGroup(name)
	}
	return &c
}

// WithScope returns a handler whose records carry name as their logger's name,
// "db" or "db.pool".
func (h *Handler) WithScope(name string) *Handler {
	c := *h
	c.scope, c.known = name, new(scopeKnown)
	return &c
}
