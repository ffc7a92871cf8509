package handler

import (
	"log/slog"
	"slices"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/route"
)

// table is what a log call has to know of the routes. It is immutable: a
// change of routes makes another one and swaps it in (core.table), so a call
// reads it without a lock, loads it once and keeps to it. A call that loaded the
// old one may still be under way, or be held up for long, when the new one
// is in force; so the lanes of an old table stay open until they are drained.
type table struct {
	lanes []*lane // in the order of the routes
	// What is in no route's way and in Stats: lanes of routes that were removed,
	// which deliver what they have until Close, and the directories that no lane has.
	removed   []*lane
	unclaimed []string
	// all has a step for each lane, in the order in which they are asked: that of
	// the routes, but for the fallbacks, which come last.
	all []step
	// byLevel has, for each level from levelTableMin up, the plan of the steps that
	// may take it, those whose levels can change among them in their places. always has a
	// bit for each level that a step takes whatever changes: with it Enabled is one
	// look-up however many routes there are.
	byLevel [levelTableSize]*plan
	always  uint64
	dynamic []*step // those whose levels can change, for Enabled: of all with the same levels by scope one

	scopes  []*route.ScopeLevels // those that steps have, each once
	paths   []string             // those that matchers ask for, each once
	sealers []*crypto.Sealer     // those that lanes have, each once; nil: no policy
	clients bool                 // a transport names its client library, so PCs are looked at
}

// Levels outside of these are rare, and their steps are gathered by the call.
const (
	levelTableMin  = -16
	levelTableSize = 48
)

// newTable makes the table of lanes. Routes without levels have those of
// defaults, unless it is nil.
func newTable(lanes []*lane, defaults *route.ScopeLevels, report *reporter) *table {
	t := &table{lanes: lanes, all: make([]step, 0, len(lanes)), sealers: sealers(lanes)}
	for _, fallback := range []bool{false, true} {
		for _, l := range lanes {
			if l.route.Fallback == fallback {
				t.all = append(t.all, newStep(t, l, defaults, report))
			}
		}
	}
	for i := range t.all {
		s := &t.all[i]
		if s.dynamic && !slices.ContainsFunc(t.dynamic, s.enabledAs) {
			t.dynamic = append(t.dynamic, s)
		}
		t.clients = t.clients || s.lane.clients != nil
	}
	for i := range t.byLevel {
		steps := t.gather(slog.Level(i + levelTableMin))
		if slices.ContainsFunc(steps, func(s *step) bool { return !s.dynamic }) {
			t.always |= 1 << i
		}
		if i > 0 && slices.Equal(steps, t.byLevel[i-1].steps) {
			t.byLevel[i] = t.byLevel[i-1]
			continue
		}
		t.byLevel[i] = newPlan(steps)
	}
	return t
}

// gather returns the steps that may take level.
func (t *table) gather(level slog.Level) []*step {
	var out []*step
	for i := range t.all {
		if s := &t.all[i]; s.dynamic || s.fixed(level) {
			out = append(out, s)
		}
	}
	return out
}

// plan returns the steps that may take level.
func (t *table) plan(level slog.Level) *plan {
	if i := uint(level - levelTableMin); i < levelTableSize {
		return t.byLevel[i]
	}
	return t.planOutside(level)
}

// planOutside is the plan for a level that the table has none for.
func (t *table) planOutside(level slog.Level) *plan { return &plan{steps: t.gather(level)} }

// takes reports whether any step takes level from h.
func (t *table) takes(h *Handler, level slog.Level) bool {
	// Small enough to be inlined, since every call asks twice: slog, and Handle.
	return t.always>>uint(level-levelTableMin)&1 != 0 || t.mayTake(h, level)
}

// mayTake is takes for a level that no step takes whatever changes, or that the
// table has none for.
func (t *table) mayTake(h *Handler, level slog.Level) bool {
	if uint(level-levelTableMin) >= levelTableSize && t.takesOutside(level) {
		return true
	}
	for _, s := range t.dynamic {
		if s.takes(h, t, level) {
			return true
		}
	}
	return false
}

// takesOutside is the look-up for levels that the table has none for.
func (t *table) takesOutside(level slog.Level) bool {
	return slices.ContainsFunc(t.all, func(s step) bool { return s.fixed(level) })
}

// lane returns the lane of the route of this name; nil: there is none.
func (t *table) lane(name string) *lane {
	return laneNamed(t.lanes, name)
}

func laneNamed(lanes []*lane, name string) *lane {
	i := slices.IndexFunc(lanes, func(l *lane) bool { return l.route.Name == name })
	if i < 0 {
		return nil
	}
	return lanes[i]
}

// everyone returns the lanes that are to be flushed and closed: those of routes
// in force, and those of removed ones.
func (t *table) everyone() []*lane { return slices.Concat(t.lanes, t.removed) }

// indexOf returns the index of x in list, which it is added to if it isn't there.
func indexOf[T comparable](list *[]T, x T) int {
	i := slices.Index(*list, x)
	if i < 0 {
		i = len(*list)
		*list = append(*list, x)
	}
	return i
}
