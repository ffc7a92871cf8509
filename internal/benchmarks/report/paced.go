package main

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

// paced measures single calls at 1,000 a second: each of them finds the worker
// asleep, so the wake-up is in the figure, which no tight loop shows.
func paced(n int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-paced-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	h, err := openHandler(dir, 1, benchmarks.Sink{}, route.Levels{})
	if err != nil {
		return nil, err
	}
	defer h.Close(ctx)
	l := slog.New(h)
	call(l, ctx) // the first one makes the segment
	took := make([]time.Duration, 0, n)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range n {
		<-tick.C
		start := time.Now()
		call(l, ctx)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	us := func(share float64) float64 { return float64(took[int(share*float64(n-1))]) / 1e3 }
	return []row{
		{what: "call paced at 1,000/s, p50", got: us(0.5), budget: 5, unit: "µs"},
		{what: "call paced at 1,000/s, p99", got: us(0.99), budget: 20, unit: "µs"},
	}, nil
}
