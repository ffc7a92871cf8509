package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

type backlogFigures struct{ FirstMillis, PeakMiB, Recovered, ScanSeconds float64 }

// backlog measures a start on what an outage has left.
func backlog(size int64) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-backlog-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := fillBacklog(dir, size); err != nil {
		return nil, err
	}
	var f backlogFigures
	if err := spawn("backlog", dir, &f); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%.0f records found in %.1f s", f.Recovered, f.ScanSeconds)
	return []row{
		{what: fmt.Sprintf("New and the first record with a backlog of %d GiB", size>>30), got: f.FirstMillis, budget: 100, unit: "ms"},
		{what: "… VmHWM over the start, until all is found", got: f.PeakMiB, budget: 64, unit: "MiB", note: note},
	}, nil
}

func openBacklog(dir string) (*handler.Handler, error) {
	return handler.New([]route.Route{{Name: "down", To: benchmarks.Sink{Down: true}, Buffer: route.Buffer{MaxBytes: 16 << 30}}},
		&handler.Options{Dir: dir, MaxDisk: 16 << 30, OnError: func(error) {}})
}

// fillBacklog logs size bytes and leaves them.
func fillBacklog(dir string, size int64) error {
	h, err := openBacklog(dir)
	if err != nil {
		return err
	}
	l, ctx := slog.New(h), context.Background()
	for range size / recordBytes {
		call(l, ctx)
	}
	done, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = h.Close(done) // undelivered, as it has to be
	return nil
}

func runBacklog(dir string) (backlogFigures, error) {
	before, start := procValue("status", "VmHWM"), time.Now()
	h, err := openBacklog(dir)
	if err != nil {
		return backlogFigures{}, err
	}
	ctx := context.Background()
	call(slog.New(h), ctx)
	first := time.Since(start)
	for h.Stats().Routes[0].Recovering {
		time.Sleep(10 * time.Millisecond)
	}
	scan := time.Since(start)
	f := backlogFigures{
		FirstMillis: first.Seconds() * 1e3, PeakMiB: (procValue("status", "VmHWM") - before) / 1024,
		Recovered: float64(h.Stats().Routes[0].Recovered), ScanSeconds: scan.Seconds(),
	}
	done, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = h.Close(done)
	return f, nil
}
