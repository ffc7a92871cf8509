package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

type outageFigures struct{ PeakMiB, P999Micros, Dropped, Calls float64 }

// outage measures 200,000 records a second into a route whose destination is
// down.
func outage(d time.Duration) ([]row, error) {
	var f outageFigures
	if err := spawn("outage", d.String(), &f); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%.0f calls in %v", f.Calls, d)
	return []row{
		{what: "destination down: VmHWM over the start", got: f.PeakMiB, budget: 64, unit: "MiB", note: note},
		{what: "… calls, p99.9", got: f.P999Micros, budget: 20, unit: "µs"},
		{what: "… dropped", got: f.Dropped},
	}, nil
}

func runOutage(d time.Duration) (outageFigures, error) {
	dir, err := os.MkdirTemp("", "slogship-outage-")
	if err != nil {
		return outageFigures{}, err
	}
	defer os.RemoveAll(dir)
	h, err := handler.New([]route.Route{{Name: "down", To: benchmarks.Sink{Down: true}}},
		&handler.Options{Dir: dir, MaxDisk: 5 << 30, OnError: func(error) {}})
	if err != nil {
		return outageFigures{}, err
	}
	const burst = 200 // each millisecond
	n := int(d/time.Millisecond) * burst
	took := make([]int32, n)
	for i := range took {
		took[i] = 1 // touched now: these pages are not the library's
	}
	start := procValue("status", "VmHWM")
	l, ctx := slog.New(h), context.Background()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := range took {
		if i%burst == 0 {
			<-tick.C
		}
		t := time.Now()
		call(l, ctx)
		took[i] = int32(time.Since(t))
	}
	peak := procValue("status", "VmHWM") - start
	dropped := h.Stats().Routes[0].Dropped.Total()
	done, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = h.Close(done) // undelivered, as it has to be
	slices.Sort(took)
	return outageFigures{peak / 1024, float64(took[n*999/1000]) / 1e3, float64(dropped), float64(n)}, nil
}
