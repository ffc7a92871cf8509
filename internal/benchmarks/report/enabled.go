package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

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
	const routes = 3
	var dynamic slog.LevelVar
	scopes, err := route.NewScopeLevels("db.pool=WARN,http=DEBUG,INFO")
	if err != nil {
		return nil, err
	}
	var subjects []subject
	for i, levels := range []route.Levels{route.AtLeast(slog.LevelInfo), route.AtLeast(&dynamic), route.PerScope(scopes)} {
		h, err := openHandler(filepath.Join(dir, fmt.Sprint(i)), routes, benchmarks.Sink{}, levels)
		if err != nil {
			return nil, err
		}
		defer h.Close(ctx)
		h = h.WithScope("db.pool.conn")
		subjects = append(subjects, subject{n: 100_000, run: func(n int) {
			for range n {
				h.Enabled(ctx, slog.LevelDebug)
			}
		}})
	}
	m := compare(rounds, subjects...)
	return []row{
		{what: "Enabled below every route's level, static levels", got: m[0], budget: 5, unit: "ns"},
		{what: "… each dynamic level more", got: (m[1] - m[0]) / routes, budget: 2, unit: "ns"},
		{what: "… three routes with levels by scope more", got: m[2] - m[0], budget: 6, unit: "ns"},
	}, nil
}
