package handler

import (
	"log/slog"

	"github.com/slogship/slogship/route"
)

// step is a lane as log calls come by it: what it takes, and what follows if it
// does. Immutable.
type step struct {
	// least is the lower bound if it is what nearly all use for it: read here
	// and not behind an interface, it costs Enabled half as much.
	least     *slog.LevelVar
	admission *admission // nil: the route has no policies
	lane      *lane
	match     *matcher // nil: every record
	fallback  bool     // asked only if nothing has taken the record
	final     bool     // what it takes goes no further
	dynamic   bool     // levels can change while we run
	foreign   bool     // a bound is code of the caller's, which may panic
	limitSlot int      // of the policies' Limit.Key, as matcher.slot
	scoped    int      // index of the levels by scope in table.scopes; -1: none

	levels route.Levels // the route's, or the defaults
	report *reporter
}

func newStep(t *table, l *lane, defaults *route.ScopeLevels, report *reporter) step {
	levels := l.route.Levels
	if levels == (route.Levels{}) {
		levels = route.PerScope(defaults)
	}
	s := step{
		lane: l, fallback: l.route.Fallback, final: l.route.Final,
		levels: levels, dynamic: !levels.Static(), scoped: -1, report: report,
		foreign: foreign(levels.Least()) || foreign(levels.Most()),
	}
	s.least, _ = levels.Least().(*slog.LevelVar)
	if levels.Scopes() != nil {
		s.scoped = indexOf(&t.scopes, levels.Scopes())
	}
	if l.route.Match != nil {
		s.match = compile(t, l.route.Match)
	}
	if a := l.admission; a != nil {
		s.admission = a
		s.dynamic = s.dynamic || a.changes()
		if a.limit.Key != "" {
			s.limitSlot = indexOf(&t.paths, a.limit.Key)
		}
	}
	return s
}

// fixed reports whether s takes level, or may keep it, whatever changes.
func (s *step) fixed(level slog.Level) bool {
	return !s.dynamic && (s.levels.Contains(level) || s.admission.mayKeep(level))
}

// foreign reports whether asking l runs code that is not log/slog's.
func foreign(l slog.Leveler) bool {
	switch l.(type) {
	case nil, slog.Level, *slog.LevelVar:
		return false
	}
	return true
}

// takes reports whether level, logged through h, is one of s, whose levels can
// change, or may be kept. The two kinds of levels that nearly all use come first.
func (s *step) takes(h *Handler, t *table, level slog.Level) bool {
	if s.admission == nil {
		if s.least != nil && level < s.least.Level() {
			return false
		}
		if s.scoped >= 0 {
			return level >= h.scopeLevel(t, s.scoped)
		}
	}
	return s.admission.mayKeep(level) || s.includes(h, t, level)
}

// enabledAs reports whether s takes the levels that other does, because they are
// those of the same scopes.
func (s *step) enabledAs(other *step) bool {
	return s.scoped >= 0 && s.scoped == other.scoped && s.admission == nil && other.admission == nil
}

// includes reports whether level, logged through h, is one of s.
func (s *step) includes(h *Handler, t *table, level slog.Level) bool {
	if s.least != nil && level < s.least.Level() {
		return false
	}
	if s.scoped >= 0 {
		return level >= h.scopeLevel(t, s.scoped)
	}
	if s.foreign {
		return s.contains(level)
	}
	return s.levels.Contains(level)
}
