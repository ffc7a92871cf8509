package grpc

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A receiver that is told what the sender's table says knows each number that is
// used, whatever the order of the strings: with a table that is too small, numbers
// change hands all the time.
func TestInternerAgrees(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, max := range []uint32{1, 2, 7, 64} {
		in, told := newInterner(max), map[uint32]string{}
		numbers := 0
		for range 20_000 {
			s := fmt.Sprint("string ", rng.ExpFloat64()*10)[:len("string ")+rng.IntN(2)+1]
			ref, known := in.Intern(s)
			switch {
			case ref > max:
				t.Fatalf("number %d of %d", ref, max)
			case known && told[ref] != s:
				t.Fatalf("%d stands for %q, which the receiver knows as %q", ref, s, told[ref])
			case known:
				numbers++
			case ref != 0:
				told[ref] = s
			}
			if rng.IntN(5000) == 0 {
				in.forget()
			}
		}
		if numbers == 0 {
			t.Errorf("table of %d: nothing was ever known", max)
		}
	}
}

// What is worth no number gets none, and what comes once does not push out what
// comes always.
func TestInternerChooses(t *testing.T) {
	in := newInterner(4)
	for _, s := range []string{"ab", strings.Repeat("x", maxInterned+1), "not \xff UTF-8"} {
		for range 3 {
			if ref, _ := in.Intern(s); ref != 0 {
				t.Errorf("%.20q has the number %d", s, ref)
			}
		}
	}
	misses := 0
	for i := range 10_000 {
		if _, known := in.Intern("always"); !known {
			misses++
		}
		in.Intern(fmt.Sprint("once ", i))
	}
	if misses > 500 { // two places in 64 for some of what comes once
		t.Errorf("told anew %d times of 10,000", misses)
	}
}

func TestInternerOfNothing(t *testing.T) {
	in := newInterner(0)
	for range 3 {
		if ref, known := in.Intern("string"); ref != 0 || known {
			t.Errorf("number %d, %v, from a receiver that wants none", ref, known)
		}
	}
}

// The table allocates for a new string, and for nothing else.
func TestInternerAllocates(t *testing.T) {
	in := newInterner(maxStringRef)
	words := []string{"request served", "method", "path", "status"}
	for range 3 {
		for _, w := range words {
			in.Intern(w)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, w := range words {
			in.Intern(w)
		}
		in.Intern("something else")
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
