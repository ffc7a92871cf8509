package group_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// seeded returns a source whose seed is in the log, and can be given again.
func seeded(t testing.TB) *rand.Rand {
	seed, err := strconv.ParseUint(os.Getenv("SLOGSHIP_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("SLOGSHIP_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
