package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

const healthyBytes = 512 << 20

type diskFigures struct{ WrittenMiB, Dropped, LoggedMiB float64 }

// healthyDisk measures what a route writes whose destination keeps up.
func healthyDisk() ([]row, error) {
	var f diskFigures
	if err := spawn("disk", "", &f); err != nil {
		return nil, err
	}
	return []row{
		{what: "disk written by a healthy route, 512 MiB logged", got: f.WrittenMiB, budget: 16, unit: "MiB",
			note: "write_bytes less cancelled_write_bytes: pages removed before their write-back do not count"},
		{what: "records dropped meanwhile", got: f.Dropped},
	}, nil
}

// recordBytes is about what the record of the budgets takes in the buffer.
const recordBytes = 300

func runDisk(size int) (diskFigures, error) {
	dir, err := os.MkdirTemp("", "slogship-disk-")
	if err != nil {
		return diskFigures{}, err
	}
	defer os.RemoveAll(dir)
	h, err := openHandler(dir, 1, benchmarks.Sink{}, route.Levels{})
	if err != nil {
		return diskFigures{}, err
	}
	written := func() float64 {
		return (procValue("io", "write_bytes") - procValue("io", "cancelled_write_bytes")) / (1 << 20)
	}
	before, l, ctx := written(), slog.New(h), context.Background()
	for i := range size / recordBytes {
		if call(l, ctx); i%1000 == 999 {
			time.Sleep(5 * time.Millisecond) // 200,000 records a second at most
		}
	}
	if err := h.Close(ctx); err != nil {
		return diskFigures{}, err
	}
	s := h.Stats().Routes[0]
	return diskFigures{written() - before, float64(s.Dropped.Total()), float64(size) / (1 << 20)}, nil
}
