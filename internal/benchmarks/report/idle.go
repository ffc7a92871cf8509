package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

// idleFigures are what five routes cost that logged one record and rest.
type idleFigures struct {
	NewMillis, DiskMiB, RSSMiB, Goroutines float64
}

// idle measures New, and five durable routes at rest in a fresh process.
func idle() ([]row, error) {
	var f idleFigures
	if err := spawn("idle", "", &f); err != nil {
		return nil, err
	}
	return []row{
		{what: "handler.New, five durable routes", got: f.NewMillis, budget: 10, unit: "ms"},
		{what: "five idle durable routes, disk", got: f.DiskMiB, budget: 20, unit: "MiB"},
		{what: "… resident, growth", got: f.RSSMiB, budget: 12, unit: "MiB"},
		{what: "… goroutines a route", got: f.Goroutines, budget: 3},
	}, nil
}

func runIdle() (idleFigures, error) {
	dir, err := os.MkdirTemp("", "slogship-idle-")
	if err != nil {
		return idleFigures{}, err
	}
	defer os.RemoveAll(dir)
	rss, goroutines := procValue("status", "VmRSS"), runtime.NumGoroutine()
	start := time.Now()
	h, err := openHandler(filepath.Join(dir, "h"), 5, benchmarks.Sink{}, route.Levels{})
	took := time.Since(start)
	if err != nil {
		return idleFigures{}, err
	}
	call(slog.New(h), context.Background())
	time.Sleep(time.Second) // the background makes what it makes ahead
	f := idleFigures{
		float64(took) / 1e6, onDisk(dir), (procValue("status", "VmRSS") - rss) / 1024,
		float64(runtime.NumGoroutine()-goroutines) / 5,
	}
	return f, h.Close(context.Background())
}
