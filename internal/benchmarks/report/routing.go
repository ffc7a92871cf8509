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

// routing measures what it costs to choose among routes, twice: where no route
// takes the record, beside a route whose matcher costs next to nothing and says
// no; and where one takes it, beside one that takes everything, so that both
// encode the record and store it.
func routing(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-routing-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	const n = 200
	var hs []*handler.Handler
	var subjects []subject
	for i, routes := range [][]route.Route{
		{{Name: "no", To: benchmarks.Sink{}, Match: route.Group("no")}}, byPath(11)[:10],
		{{Name: "all", To: benchmarks.Sink{}}}, byPath(10), byPath(60),
	} {
		h, err := handler.New(routes, &handler.Options{Dir: filepath.Join(dir, fmt.Sprint(i)), OnError: func(error) {}})
		if err != nil {
			return nil, err
		}
		defer h.Close(ctx)
		hs = append(hs, h)
		subjects = append(subjects, subject{calls(h), n})
	}
	none := beyond(10*rounds, subjects[0], subjects[1])
	one := beyond(10*rounds, subjects[2], subjects[3], subjects[4])
	for i, want := range []int{0, 0, 1, 1, 1} {
		if took := takers(hs[i]); took != want {
			return nil, fmt.Errorf("%d routes took the record, not %d: this measures something else", took, want)
		}
	}
	ten, nothing := calls(hs[3]), calls(benchmarks.Nothing{})
	allocs := testing.AllocsPerRun(2000, func() { ten(1) }) - testing.AllocsPerRun(2000, func() { nothing(1) })
	return []row{
		{what: "ten routes on level and one attribute, none takes it", got: none[0], budget: 60, unit: "ns", note: "beyond one that does not look at attributes"},
		{what: "… one takes it", got: one[0], budget: 60, unit: "ns", note: fmt.Sprintf("beyond one route for all; of sixty routes %.4g ns", one[1])},
		{what: "… heap allocations per call, beyond those of slog", got: allocs},
	}, nil
}

// takers is how many routes have taken a record.
func takers(h *handler.Handler) int {
	n := 0
	for _, r := range h.Stats().Routes {
		if r.Logged > 0 {
			n++
		}
	}
	return n
}
