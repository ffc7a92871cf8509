package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

// byPath are routes on level and one attribute, of which the last takes the
// record of all budgets.
func byPath(n int) []route.Route {
	var routes []route.Route
	for i := range n {
		routes = append(routes, route.Route{
			Name: fmt.Sprintf("r%d", i), To: benchmarks.Sink{}, Levels: route.AtLeast(slog.LevelInfo),
			Match: route.Equals("path", fmt.Sprintf("/api/v1/orders/%d", 8813-n+i)),
		})
	}
	return routes
}

// routing measures what it costs to choose among routes: the same record goes
// into one buffer, by ten routes of which one takes it and by one that takes
// everything.
func routing(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-routing-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	const n = 2000
	var hs []*handler.Handler
	var subjects []subject
	for i, routes := range [][]route.Route{
		{{Name: "all", To: benchmarks.Sink{}}}, byPath(10), byPath(11)[:10], byPath(60),
	} {
		h, err := handler.New(routes, &handler.Options{Dir: filepath.Join(dir, fmt.Sprint(i)), OnError: func(error) {}})
		if err != nil {
			return nil, err
		}
		defer h.Close(ctx)
		hs = append(hs, h)
		subjects = append(subjects, subject{calls(h), n})
	}
	m := compare(rounds, append(subjects, subject{calls(benchmarks.Nothing{}), n})...)
	for i, want := range []uint64{1, 1, 0, 1} {
		took := uint64(0)
		for _, r := range hs[i].Stats().Routes {
			if r.Logged > 0 {
				took++
			}
		}
		if took != want {
			return nil, fmt.Errorf("%d routes took the record, not %d: this measures something else", took, want)
		}
	}
	ten, nothing := calls(hs[1]), calls(benchmarks.Nothing{})
	allocs := testing.AllocsPerRun(2000, func() { ten(1) }) - testing.AllocsPerRun(2000, func() { nothing(1) })
	return []row{
		{what: "ten routes on level and one attribute", got: m[1] - m[0], budget: 60, unit: "ns", note: fmt.Sprintf(
			"beyond one route for all, %.4g ns; sixty: %.4g ns; ten that do not take it: %.4g ns beyond a handler that does nothing",
			m[0], m[3]-m[0], m[2]-m[4])},
		{what: "… heap allocations per call, beyond those of slog", got: allocs},
	}, nil
}
