package handler

import (
	"fmt"
	"log/slog"
	"math"
)

// bound is a level that a policy compares with. Nearly all are constant, and
// those are compared without asking an interface. Immutable.
type bound struct {
	fixed  slog.Level
	asked  slog.Leveler // nil: fixed
	name   string       // of the field, for errors
	route  string
	report *reporter
}

func newBound(l slog.Leveler, name, route string, report *reporter) bound {
	if fixed, ok := l.(slog.Level); ok {
		return bound{fixed: fixed}
	}
	return bound{asked: l, name: name, route: route, report: report}
}

// level is the bound now.
func (b *bound) level() slog.Level {
	if b.asked == nil {
		return b.fixed
	}
	return b.ask()
}

// ask asks the caller's Leveler. While one panics, the bound is below every
// level: a record too many is better than one lost.
func (b *bound) ask() (level slog.Level) {
	defer func() {
		if p := recover(); p != nil {
			b.report.failed(b.route, fmt.Errorf("%s: %w", b.name, &panicError{p}))
			level = math.MinInt
		}
	}()
	return b.asked.Level()
}
