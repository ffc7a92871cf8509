package handler

import "log/slog"

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
