package handler

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/vfs"
)

// core is what all clones of a handler share. What stands above closing is set
// by New and immutable afterwards.
type core struct {
	opts      Options // with defaults
	fsys      vfs.FS  // where the buffers are, unless InMemory
	lanes     []*lane // in the order of the routes
	levels    levelTable
	dynamic   []dynamicLane
	matches   bool // a route has a matcher, so bound attributes are kept as values
	clients   bool // a transport names its client library, so PCs are looked at
	ids       *encode.IDSource
	sources   sourceCache
	scratch   sync.Pool // of *scratch
	report    *reporter
	resource  *encode.Resource
	release   func()   // lets go of what is not a lane's: crash output
	unclaimed []string // directories of routes that no longer exist, as they were at New

	closing      sync.Once
	closed       atomic.Bool // Close has begun
	leftoverLock sync.Mutex  // serialises calls of Options.Leftover
	result       error       // of Close, written within closing
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
func (c *core) fixed(level slog.Level) []*lane {
	if i := int(level) - levelTableMin; i >= 0 && i < levelTableSize {
		return c.levels[i]
	}
	return lanesFor(c.lanes, level)
}

// takes reports whether any lane takes level.
func (c *core) takes(level slog.Level) bool {
	if len(c.fixed(level)) != 0 {
		return true
	}
	for i := range c.dynamic {
		if c.dynamic[i].takes(level) {
			return true
		}
	}
	return false
}

// dynamicLane is a lane whose levels can change while we run.
type dynamicLane struct {
	*lane
	// least is the lower bound if it is what nearly all use for it: read here
	// and not behind the lane and an interface, it costs Enabled half as much.
	least   *slog.LevelVar
	foreign bool // a bound is code of the caller's, which may panic
	report  *reporter
}

func newDynamicLane(l *lane, report *reporter) dynamicLane {
	levels := l.route.Levels
	least, _ := levels.Least().(*slog.LevelVar)
	return dynamicLane{l, least, foreign(levels.Least()) || foreign(levels.Most()), report}
}

// foreign reports whether asking l runs code that is not log/slog's.
func foreign(l slog.Leveler) bool {
	switch l.(type) {
	case nil, slog.Level, *slog.LevelVar:
		return false
	}
	return true
}

func (d *dynamicLane) takes(level slog.Level) bool {
	if d.least != nil && level < d.least.Level() {
		return false
	}
	if d.foreign {
		return d.contains(level)
	}
	return d.route.Levels.Contains(level)
}
