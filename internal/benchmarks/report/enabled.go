package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
)

// enabled measures what a call costs that no route wants.
func enabled(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-enabled-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	h, err := openHandler(dir, 3, benchmarks.Sink{}, route.AtLeast(slog.LevelInfo))
	if err != nil {
		return nil, err
	}
	defer h.Close(ctx)
	m := compare(rounds, subject{n: 100_000, run: func(n int) {
		for range n {
			h.Enabled(ctx, slog.LevelDebug)
		}
	}})
	return []row{{what: "Enabled below every route's level, static levels", got: m[0], budget: 5, unit: "ns"}}, nil
}
