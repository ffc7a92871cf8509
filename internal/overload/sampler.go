package overload

import (
	"encoding/binary"
	"hash/maphash"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// counters is how many counters a Sampler has for messages.
const counters = 4096

// Sampler decides which part of the records is taken. It is safe for concurrent
// use and holds no lock.
type Sampler struct {
	threshold uint64        // of 2^56, by shares: less is left
	draw      func() uint64 // a random number; tests have their own

	counts       *[counters]atomic.Uint64 // nil: by shares. The window's number in the upper half, the count in the lower
	first, every uint64
	interval     int64
	seed         maphash.Seed
}

// ByShare returns a sampler that takes share of the records, 0 to 1.
func ByShare(share float64) *Sampler {
	return &Sampler{threshold: Threshold(share), draw: rand.Uint64}
}

// ByCount returns a sampler that takes the first so many records of each level
// and message in an interval, and then every so-manieth; none if every is 0.
func ByCount(first, every int, interval time.Duration) *Sampler {
	return &Sampler{
		counts: new([counters]atomic.Uint64), seed: maphash.MakeSeed(),
		first: uint64(first), every: uint64(every), interval: int64(interval),
	}
}

// random is how many bits of a trace id are random: the last 56 (W3C Trace
// Context Level 2, "Randomness of trace-id").
const random = 56

// Threshold returns the T for a share: a trace is taken if the last 56 bits of
// its id are not less (OpenTelemetry, "TraceState: Probability Sampling"). It is
// computed from share * 2^56, which is exact but for the rounding, and not from
// 1 - share, which is not for small shares.
func Threshold(share float64) uint64 {
	return 1<<random - uint64(math.Round(share*(1<<random)))
}

// TakeAny decides on one record by its share.
func (s *Sampler) TakeAny() bool { return s.draw()>>(64-random) >= s.threshold }

// TakeTrace decides on a whole trace by its share.
func (s *Sampler) TakeTrace(id [16]byte) bool {
	return binary.BigEndian.Uint64(id[8:])&(1<<random-1) >= s.threshold
}

// mostCounted is where counting ends within an interval; then none is taken.
// Below it is room for all goroutines that add at once, so that the count never
// runs into the window's bits.
const mostCounted = math.MaxUint32 - 1<<20

// TakeCounted decides by how many records of level and message came before it
// in this interval.
//
// Window and count share a word, so that a new window and its first count are
// one step: with two words, goroutines that meet a new window at once would each
// reset the count, and each be the first. That the number of a window comes
// again after 2^32 of them does no harm, since it is not compared by order.
func (s *Sampler) TakeCounted(level slog.Level, message string, now int64) bool {
	// The level is spread over the word by an odd constant (2^64 over the golden
	// ratio); that is cheaper than hashing it along.
	h := maphash.String(s.seed, message) + uint64(level)*0x9e3779b97f4a7c15
	c := &s.counts[h>>52]
	window := uint32(now / s.interval)
	for {
		word := c.Load()
		// A caller whose clock is a little older than the window counts in it: to
		// set it back would begin both windows anew.
		if w := uint32(word >> 32); w == window || w == window+1 {
			if uint32(word) >= mostCounted {
				return false
			}
			return s.takes(c.Add(1) & math.MaxUint32)
		}
		if c.CompareAndSwap(word, uint64(window)<<32|1) {
			return s.takes(1)
		}
	}
}

func (s *Sampler) takes(n uint64) bool {
	if n <= s.first {
		return true
	}
	return s.every > 0 && (n-s.first)%s.every == 0
}
