package crypto

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/codec"
)

// least returns the least time of one call of f over many short rounds: what it
// takes when nobody else is at work on the machine.
func least(rounds int, fs ...func()) []time.Duration {
	const calls = 500
	best := make([]time.Duration, len(fs))
	for range rounds {
		for i, f := range fs { // in turn, so that a slow phase hits all alike
			start := time.Now()
			for range calls {
				f()
			}
			if d := time.Since(start) / calls; best[i] == 0 || d < best[i] {
				best[i] = d
			}
		}
	}
	return best
}

// eight are the attributes of the record that budgets are counted in.
func eight() []slog.Attr {
	return []slog.Attr{
		slog.String("method", "GET"), slog.String("path", "/api/v1/things"), slog.String("user", "u-12345678"),
		slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("elapsed", 1234567*time.Nanosecond),
		slog.Bool("cached", true), slog.Any("err", errors.New("connection refused")),
	}
}

// The cost of a policy is what it adds to the same attributes without one.
func TestCost(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "*secret*"}, {Key: "password"}, {Path: "user.email"}}})
	attrs, field := eight(), slog.String("secret", "0123456789abcdef0123456789abcdef")
	g := s.Top()
	sc := Scratch{Record: testID} // as every record has one: without, the clock is asked
	dst := make([]byte, 0, 4096)
	rounds := 200
	if nightly() {
		rounds = 5000
	}
	got := least(rounds,
		func() { dst = codec.AppendAttr(dst[:0], field) },
		func() { dst = g.AppendAttr(dst[:0], &sc, field) },
		func() {
			dst = dst[:0]
			for _, a := range attrs {
				dst = codec.AppendAttr(dst, a)
			}
		},
		func() {
			dst = dst[:0]
			for _, a := range attrs {
				dst = g.AppendAttr(dst, &sc, a)
			}
		})
	seal, nothing := got[1]-got[0], got[3]-got[2]
	t.Logf("sealing 32 bytes adds %v (%v of %v); a policy that matches none of eight adds %v (%v of %v)",
		seal, got[1], got[0], nothing, got[3], got[2])
	if !nightly() || raceEnabled {
		return
	}
	if seal > sealBudget() || nothing > 60*time.Nanosecond {
		t.Errorf("want at most %v and 60ns", sealBudget())
	}
}
