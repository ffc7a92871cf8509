package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

const outageLimit = 256 << 20

// outageTask is what the child is told. Without a group it stays where it is.
type outageTask struct {
	For   time.Duration
	Group *memoryGroup
}

type outageFigures struct{ PeakMiB, ChargedMiB, P999Micros, Dropped, Calls float64 }

// outage measures 200,000 records a second into a route whose destination is
// down, and the same with a container's limit of memory.
func outage(d time.Duration) ([]row, error) {
	free, err := spawnOutage(outageTask{For: d})
	if err != nil {
		return nil, err
	}
	rows := []row{
		{what: "destination down: VmHWM over the start", got: free.PeakMiB, budget: 64, unit: "MiB", note: fmt.Sprintf("%.0f calls in %v", free.Calls, d)},
		{what: "… calls, p99.9", got: free.P999Micros, budget: 20, unit: "µs"},
		{what: "… dropped", got: free.Dropped},
	}
	g, err := newMemoryGroup(outageLimit)
	if err != nil {
		fmt.Fprintf(os.Stderr, "report: no outage with a limit of memory: %v\n", err)
		return rows, nil
	}
	defer g.remove()
	limited, err := spawnOutage(outageTask{d, g})
	if err != nil {
		return nil, err
	}
	return append(rows,
		row{what: "… in a cgroup of 256 MiB: its peak over the start", got: limited.ChargedMiB, budget: 64, unit: "MiB", note: fmt.Sprintf("page cache with it; VmHWM %.4g MiB", limited.PeakMiB)},
		row{what: "… … calls, p99.9", got: limited.P999Micros, budget: 20, unit: "µs"},
		row{what: "… … dropped", got: limited.Dropped},
	), nil
}

func spawnOutage(task outageTask) (f outageFigures, err error) {
	arg, err := json.Marshal(task)
	if err != nil {
		return f, err
	}
	return f, spawn("outage", string(arg), &f)
}

func runOutage(task outageTask) (outageFigures, error) {
	if task.Group != nil {
		if err := task.Group.enter(); err != nil {
			return outageFigures{}, err
		}
	}
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
	n := int(task.For/time.Millisecond) * burst
	took := &tally{}
	start := procValue("status", "VmHWM")
	before, _, err := task.Group.charged()
	if err != nil {
		return outageFigures{}, err
	}
	l, ctx := slog.New(h), context.Background()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := range n {
		if i%burst == 0 {
			<-tick.C
		}
		t := time.Now()
		call(l, ctx)
		took.add(time.Since(t))
	}
	peak := procValue("status", "VmHWM") - start
	_, most, err := task.Group.charged()
	if err != nil {
		return outageFigures{}, err
	}
	dropped := h.Stats().Routes[0].Dropped.Total()
	done, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = h.Close(done) // undelivered, as it has to be
	return outageFigures{peak / 1024, most - before, took.quantile(0.999).Seconds() * 1e6, float64(dropped), float64(n)}, nil
}
