package overload

import (
	"math/rand/v2"
	"testing"
	"time"
)

const second = int64(time.Second)

// seeded returns random numbers that are the same in each run, so that what the
// statistics say is too. The seed is printed with a failure.
func seeded(t *testing.T, seed uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// wantNear fails if got is further from want than 5 standard deviations, which
// happens by chance once in two million seeds; the seeds are fixed.
func wantNear(t *testing.T, what string, got int, want, deviation float64) {
	t.Helper()
	if d := float64(got) - want; d > 5*deviation || d < -5*deviation {
		t.Errorf("%s: %d, want %.0f +- %.0f", what, got, want, 5*deviation)
	}
}

// wantNoAllocs fails if f allocates.
func wantNoAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(1000, f); n != 0 {
		t.Errorf("%s: %v allocations", what, n)
	}
}
