package handler

import (
	"log/slog"
	"slices"
)

// table is what a log call has to know of the routes. It is immutable: a
// change of routes makes another one and swaps it in (core.table), so a call
// reads it without a lock, loads it once and keeps to it. A call that loaded the
// old one may still be under way, or be held up for long, when the new one
// is in force; so the lanes of an old table stay open until they are drained.
type table struct {
	lanes   []*lane // in the order of the routes
	levels  levelTable
	dynamic []dynamicLane
	clients bool // a transport names its client library, so PCs are looked at
}

func newTable(lanes []*lane, report *reporter) *table {
	t := &table{lanes: lanes}
	t.levels.build(lanes)
	for _, l := range lanes {
		if !l.route.Levels.Static() {
			t.dynamic = append(t.dynamic, newDynamicLane(l, report))
		}
		t.clients = t.clients || l.clients != nil
	}
	return t
}

// lane returns the lane of the route of this name; nil: there is none.
func (t *table) lane(name string) *lane {
	i := slices.IndexFunc(t.lanes, func(l *lane) bool { return l.route.Name == name })
	if i < 0 {
		return nil
	}
	return t.lanes[i]
}

// levelTable gives the lanes with unchanging levels for each level, so that
// Enabled is one look-up however many routes there are. Levels outside are
// rare and asked one by one.
type levelTable [levelTableSize][]*lane

const (
	levelTableMin  = -16
	levelTableSize = 48
)

func (t *levelTable) build(lanes []*lane) {
	for i := range t {
		t[i] = lanesFor(lanes, slog.Level(i+levelTableMin))
	}
}

func lanesFor(lanes []*lane, level slog.Level) []*lane {
	var out []*lane
	for _, l := range lanes {
		if l.route.Levels.Static() && l.route.Levels.Contains(level) {
			out = append(out, l)
		}
	}
	return out
}

// fixed returns the lanes with unchanging levels that take level.
func (t *table) fixed(level slog.Level) []*lane {
	if i := int(level) - levelTableMin; i >= 0 && i < levelTableSize {
		return t.levels[i]
	}
	return lanesFor(t.lanes, level)
}

// takes reports whether any lane takes level.
func (t *table) takes(level slog.Level) bool {
	if len(t.fixed(level)) != 0 {
		return true
	}
	for i := range t.dynamic {
		if t.dynamic[i].takes(level) {
			return true
		}
	}
	return false
}
