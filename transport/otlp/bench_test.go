package otlp_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/otlp"
)

// TestEncodeAllocatesNothing: a batch of the usual values is written into memory
// that is used again.
func TestEncodeAllocatesNothing(t *testing.T) {
	recs := batch(0, 100)
	for i := range recs {
		recs[i].Attrs = append(recs[i].Attrs, slog.Bool("b", true), slog.Duration("took", time.Second), slog.Float64("f", 1.5),
			slog.Group("g", slog.Int("n", 1), slog.String("s", "text")))
	}
	encode := otlp.Encoder(1 << 20)
	encode(recs)
	if n := testing.AllocsPerRun(20, func() { encode(recs) }); n > 0 {
		t.Errorf("%v allocations for %d records", n, len(recs))
	}
}

func BenchmarkEncode(b *testing.B) {
	recs := batch(0, 1000)
	encode := otlp.Encoder(4 << 20)
	b.SetBytes(int64(encode(recs)))
	b.ReportAllocs()
	for b.Loop() {
		encode(recs)
	}
}
