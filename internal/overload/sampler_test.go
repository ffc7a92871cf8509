package overload

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The threshold is what OpenTelemetry's specification derives from a
// probability: 2^56 of them are left out of 2^56 for 0, none for 1.
func TestThreshold(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  uint64
	}{
		{1, 0}, {0.5, 0x80000000000000}, {0.25, 0xc0000000000000}, {0.01, 0xfd70a3d70a3d71},
		{0, 1 << 56}, {math.Exp2(-56), 0xffffffffffffff}, {math.Exp2(-58), 1 << 56},
	} {
		if got := Threshold(c.share); got != c.want {
			t.Errorf("%g: %#x, want %#x", c.share, got, c.want)
		}
	}
}

// What another language has to come to, by trace id and share: the first 9 bytes
// of an id do not count, and the threshold itself is taken.
func TestTakeTrace(t *testing.T) {
	for _, c := range []struct {
		id    string
		share float64
		want  bool
	}{
		{"4bf92f3577b34da6a3ce929d0e0e4736", 0.1, false}, // R = ce929d0e0e4736
		{"4bf92f3577b34da6a3ce929d0e0e4736", 0.2, true},
		{"4bf92f3577b34da6a380000000000000", 0.5, true},
		{"4bf92f3577b34da6a37fffffffffffff", 0.5, false},
		{"ffffffffffffffffff00000000000000", 0.999, false},
		{"000000000000000000ffffffffffffff", 0.001, true},
		{"00000000000000000000000000000001", 1, true},
	} {
		var id [16]byte
		if _, err := hex.Decode(id[:], []byte(c.id)); err != nil {
			t.Fatal(err)
		}
		if got := ByShare(c.share).TakeTrace(id); got != c.want {
			t.Errorf("%s at %g: %v", c.id, c.share, got)
		}
	}
}

// Each share of random traces is taken, and those of a smaller share are among
// those of a larger one.
func TestTraceShares(t *testing.T) {
	random := seeded(t, 1)
	shares := []float64{0.001, 0.01, 0.1, 0.5, 0.9}
	taken := make([]int, len(shares))
	const n = 200_000
	for range n {
		var id [16]byte
		binary.BigEndian.PutUint64(id[:], random.Uint64())
		binary.BigEndian.PutUint64(id[8:], random.Uint64())
		before := false
		for i, share := range shares {
			take := ByShare(share).TakeTrace(id)
			if before && !take {
				t.Fatalf("%x is taken at a share below %g and not there", id, share)
			}
			if before = take; take {
				taken[i]++
			}
		}
	}
	for i, share := range shares {
		wantNear(t, fmt.Sprint("share ", share), taken[i], n*share, math.Sqrt(n*share*(1-share)))
	}
}

func TestTakeAny(t *testing.T) {
	for _, share := range []float64{0, 0.001, 0.1, 0.5, 0.9, 1} {
		random := seeded(t, 2)
		s := ByShare(share)
		s.draw = random.Uint64
		taken, pairs, before := 0, 0, false
		const n = 200_000
		for range n {
			take := s.TakeAny()
			if take {
				taken++
			}
			if take && before {
				pairs++
			}
			before = take
		}
		wantNear(t, fmt.Sprint("share ", share), taken, n*share, math.Sqrt(n*share*(1-share)))
		// Independent of each other: two in a row as often as chance has it.
		p := share * share
		wantNear(t, fmt.Sprint("two in a row at ", share), pairs, (n-1)*p, math.Sqrt(2*n*p*(1-p)))
	}
}

// The first three and then every tenth, of each message and level, anew in each
// interval.
func TestTakeCounted(t *testing.T) {
	s := ByCount(3, 10, time.Second)
	for interval := range int64(3) {
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn} {
			for _, message := range []string{"a", "b"} {
				for n := 1; n <= 50; n++ {
					want := n <= 3 || n == 13 || n == 23 || n == 33 || n == 43
					if got := s.TakeCounted(level, message, interval*second+int64(n)); got != want {
						t.Errorf("%v %q, number %d of interval %d: %v", level, message, n, interval, got)
					}
				}
			}
		}
	}
}

func TestTakeCountedNoneAfter(t *testing.T) {
	s := ByCount(2, 0, time.Second)
	for n := range 10 {
		wantEqual(t, fmt.Sprint(n), s.TakeCounted(0, "m", 5*second), n < 2)
	}
}

// A caller that is a moment late does not begin the interval anew.
func TestTakeCountedLate(t *testing.T) {
	s := ByCount(1, 0, time.Second)
	wantEqual(t, "first", s.TakeCounted(0, "m", 7*second), true)
	wantEqual(t, "late", s.TakeCounted(0, "m", 7*second-1), false)
	wantEqual(t, "after the late one", s.TakeCounted(0, "m", 7*second+1), false)
	wantEqual(t, "a rest", s.TakeCounted(0, "m", 100*second), true)
}

// The counter ends before it reaches the window's bits.
func TestTakeCountedEnds(t *testing.T) {
	s := ByCount(1, 1, time.Second)
	s.TakeCounted(0, "m", 0)
	for i := range s.counts {
		if s.counts[i].Load() != 0 {
			s.counts[i].Store(mostCounted - 1)
		}
	}
	wantEqual(t, "the last", s.TakeCounted(0, "m", 0), true)
	wantEqual(t, "after it", s.TakeCounted(0, "m", 0), false)
	wantEqual(t, "the next interval", s.TakeCounted(0, "m", second), true)
}

// Whatever the goroutines do, exactly as many are taken as should be, also when
// they meet a new interval at once.
func TestTakeCountedByMany(t *testing.T) {
	s := ByCount(5, 100, time.Second)
	for interval := range int64(20) {
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 250 {
					if s.TakeCounted(0, "m", interval*second) {
						taken.Add(1)
					}
				}
			})
		}
		wg.Wait()
		wantEqual(t, "taken of 2000", taken.Load(), 5+(2000-5)/100)
	}
}

// Many different messages share counters only as chance has it: of 400 in 4,096
// counters about 19 meet another; each is taken once or, by such a meeting, not.
func TestTakeCountedMessages(t *testing.T) {
	s := ByCount(1, 0, time.Second)
	taken := 0
	for i := range 400 {
		if s.TakeCounted(0, fmt.Sprint("message ", i), 0) {
			taken++
		}
	}
	if taken < 400-60 { // its hash has a random key: no seed to fix
		t.Errorf("%d of 400 taken", taken)
	}
}

func TestSamplerAllocs(t *testing.T) {
	share, count := ByShare(0.1), ByCount(10, 10, time.Second)
	wantNoAllocs(t, "by share", func() { share.TakeAny() })
	wantNoAllocs(t, "by trace", func() { share.TakeTrace([16]byte{15: 1}) })
	wantNoAllocs(t, "by count", func() { count.TakeCounted(0, "request served", 1) })
}

// BenchmarkSampler has a budget of 40 ns for each way to sample.
func BenchmarkSampler(b *testing.B) {
	share, count := ByShare(0.1), ByCount(100, 100, time.Second)
	id := [16]byte{3: 7, 9: 200, 15: 1}
	for _, c := range []struct {
		name string
		run  func() bool
	}{
		{"share", share.TakeAny},
		{"trace", func() bool { return share.TakeTrace(id) }},
		{"count", func() bool { return count.TakeCounted(slog.LevelInfo, "request served", 12345) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.run()
			}
		})
		b.Run(c.name+"/parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					c.run()
				}
			})
		})
	}
}
