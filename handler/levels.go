package handler

import (
	"log/slog"
	"sync/atomic"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/route"
)

// Keys returns Options.Keys.
func (h *Handler) Keys() *crypto.Keyring { return h.core.opts.Keys }

// SetLevels sets the least level of each scope for the routes that have no
// Levels of their own: "db=DEBUG,http.client=WARN,INFO" (see
// [route.ScopeLevels.Set]). It sets Options.Levels, or puts levels in force where
// there were none; routes with Levels keep them. It may be called at any time;
// calls under way go by the old levels or the new. After an error, which wraps
// route.ErrInvalid, nothing has changed.
func (h *Handler) SetLevels(spec string) error {
	c := h.core
	c.routing.Lock()
	defer c.routing.Unlock()
	if c.levels != nil {
		return c.levels.Set(spec)
	}
	levels, err := route.NewScopeLevels(spec)
	if err != nil {
		return err
	}
	c.levels = levels
	old := c.table.Load()
	t := newTable(old.lanes, c.levels, c.report)
	t.removed, t.unclaimed = old.removed, old.unclaimed
	c.table.Store(t)
	return nil
}

// Levels returns the levels that SetLevels sets, as it reads them; "" if there
// are none, and routes without Levels take all.
func (h *Handler) Levels() string {
	c := h.core
	c.routing.Lock()
	defer c.routing.Unlock()
	if c.levels == nil {
		return ""
	}
	return c.levels.String()
}

// scopeLevels are the levels of one scope in one table, by step.scoped. They
// are looked up by WithScope's first call and not by each. Immutable.
type scopeLevels struct {
	table  *table
	levels []*route.ScopeLevel
}

// scopeKnown is where handlers of one scope keep theirs. It is replaced when a
// call meets a newer table.
type scopeKnown = atomic.Pointer[scopeLevels]

// scopeLevel returns the least level of h's scope in the levels of index i.
func (h *Handler) scopeLevel(t *table, i int) slog.Level {
	known := h.known.Load()
	if known == nil || known.table != t {
		known = h.learn(t)
	}
	return known.levels[i].Level()
}

// learn looks the scope up. Calls of an old and a new table at a time may undo
// each other's, until the last of the old ones is through.
func (h *Handler) learn(t *table) *scopeLevels {
	known := &scopeLevels{table: t}
	for _, levels := range t.scopes {
		known.levels = append(known.levels, levels.For(h.scope))
	}
	h.known.Store(known)
	return known
}
