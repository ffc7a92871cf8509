package handler

import (
	"log/slog"

	"github.com/slogship/slogship/route"
)

// step is a lane as log calls come by it: what it takes, and what follows if it
// does. Immutable.
type step struct {
	lane     *lane
	match    *matcher // nil: every record
	fallback bool     // asked only if nothing has taken the record
	final    bool     // what it takes goes no further

	levels  route.Levels // the route's, or the defaults
	dynamic bool         // levels can change while we run
	// least is the lower bound if it is what nearly all use for it: read here
	// and not behind an interface, it costs Enabled half as much.
	least   *slog.LevelVar
	scoped  int  // index of the levels by scope in table.scopes; -1: none
	foreign bool // a bound is code of the caller's, which may panic
	report  *reporter

	admission *admission // nil: the route has no policies
	limitSlot int        // of Limit.Key, as matcher.slot
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
// change, or may be kept.
func (s *step) takes(h *Handler, t *table, level slog.Level) bool {
	return s.includes(h, t, level) || s.admission.mayKeep(level)
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
