package handler

import (
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
)

// uncomparable is a Leveler that == panics for.
type uncomparable []slog.Level

func (u uncomparable) Level() slog.Level { return u[0] }

// A route keeps what its policies remember as long as these are the same; two
// bounds that say the same now are two.
func TestSamePolicies(t *testing.T) {
	var one, other slog.LevelVar
	base := func() route.Route {
		return route.Route{
			Name: "a", Sample: route.Sample{Share: 0.5, Keep: &one}, Limit: route.Limit{PerSecond: 5},
			Dedupe: route.Dedupe{Window: time.Second}, DebugOnError: route.DebugOnError{From: slog.LevelDebug},
		}
	}
	for name, c := range map[string]struct {
		change func(r *route.Route)
		want   bool
	}{
		"nothing":      {func(*route.Route) {}, true},
		"another part": {func(r *route.Route) { r.MaxAge = time.Hour }, true},
		"name":         {func(r *route.Route) { r.Name = "b" }, false},
		"share":        {func(r *route.Route) { r.Sample.Share = 0.6 }, false},
		"bound":        {func(r *route.Route) { r.Sample.Keep = &other }, false},
		"limit":        {func(r *route.Route) { r.Limit.Burst = 7 }, false},
		"window":       {func(r *route.Route) { r.Dedupe.Window = time.Minute }, false},
		"from":         {func(r *route.Route) { r.DebugOnError.From = slog.LevelInfo }, false},
		"uncomparable": {func(r *route.Route) { r.DebugOnError.From = uncomparable{0} }, false},
	} {
		a, b := base(), base()
		c.change(&b)
		if got := samePolicies(&a, &b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	r := route.Route{Sample: route.Sample{Keep: uncomparable{0}}}
	if samePolicies(&r, &r) {
		t.Error("what cannot be compared is the same")
	}
}
