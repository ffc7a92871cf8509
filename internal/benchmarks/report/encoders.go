package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/phuslu/log"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/benchmarks"
)

// encoders measures JSON alone: the same record through our encoder and through
// the slog handlers of the peers, which write to nowhere.
func encoders(rounds int) ([]row, error) {
	rec, in, buf := benchmarks.Record(), benchmarks.SlogRecord(), make([]byte, 0, 4096)
	ctx := context.Background()
	ours := func(n int) {
		for range n {
			buf, _ = encode.JSONLines{}.AppendRecord(buf[:0], rec)
		}
	}
	handle := func(h slog.Handler) func(int) {
		return func(n int) {
			for range n {
				_ = h.Handle(ctx, in)
			}
		}
	}
	const n = 2000
	m := compare(rounds, subject{ours, n}, subject{handle(slog.NewJSONHandler(io.Discard, nil)), n},
		subject{handle(log.SlogNewJSONHandler(io.Discard, nil)), n})
	return []row{
		ratio("JSON encoding of a record : slog.JSONHandler.Handle", m[0], m[1], 0.5),
		ratio("… : phuslu/log's slog handler", m[0], m[2], 1),
	}, nil
}
