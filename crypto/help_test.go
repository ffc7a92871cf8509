package crypto

import (
	"crypto/fips140"
	"math/rand/v2"
	"testing"
	"time"
)

func testKey(t testing.TB, id string) *Key {
	t.Helper()
	k, err := GenerateKey(id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testRing(t testing.TB, seal *Key, open ...*Key) *Keyring {
	t.Helper()
	r, err := NewKeyring(seal, open...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compile compiles p with a key "k1" and a hash key.
func compile(t testing.TB, p Policy) *Sealer {
	t.Helper()
	return compileWith(t, p, testRing(t, testKey(t, "k1")))
}

func compileWith(t testing.TB, p Policy, r *Keyring) *Sealer {
	t.Helper()
	s, err := p.Compile(r, &SealerOptions{Service: "shop", HashKey: testKey(t, "h1")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// random returns a source whose seed is in the test's output.
func random(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func sealBudget() time.Duration {
	if fips140.Enabled() {
		return time.Microsecond
	}
	return 400 * time.Nanosecond
}
