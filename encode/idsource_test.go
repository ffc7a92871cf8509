package encode

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestIDSourceLayout(t *testing.T) {
	var s IDSource
	for _, at := range []time.Time{
		time.Now(),
		time.Unix(1, 999999999),
		time.Date(2026, 11, 23, 9, 49, 44, 123456789, time.UTC),
		time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		id := s.Next(at)
		var ms int64
		for _, b := range id[:6] {
			ms = ms<<8 | int64(b)
		}
		if ms != at.UnixMilli() {
			t.Errorf("%s: %d ms, want %d", id, ms, at.UnixMilli())
		}
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Errorf("%s: version %d variant %d, want 7 and 2", id, id[6]>>4, id[8]>>6)
		}
		fraction := int64(id[6]&15)<<8 | int64(id[7])
		if want := int64(at.Nanosecond()) % 1e6 * 4096 / 1e6; fraction != want {
			t.Errorf("%s: fraction %d, want %d", id, fraction, want)
		}
	}
	s.Next(time.Time{}) // before the layout's time: any ID, but no panic
}

// The IDs of one goroutine sort as its clock readings do, in steps of 244 ns.
func TestIDSourceSorts(t *testing.T) {
	s := NewIDSource()
	at := time.Now()
	last := s.Next(at)
	for range 100_000 {
		at = at.Add(250 * time.Nanosecond)
		id := s.Next(at)
		if bytes.Compare(last[:], id[:]) >= 0 {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}

// All goroutines hold the clock still, which is the worst that can happen: only
// the random bits are left to tell the IDs apart.
func TestIDSourceUnique(t *testing.T) {
	const workers, each = 8, 100_000
	var s IDSource
	now := time.Now()
	ids := make([]ID, workers*each)
	var wg sync.WaitGroup
	for part := range slices.Chunk(ids, each) {
		wg.Go(func() {
			for i := range part {
				part[i] = s.Next(now)
			}
		})
	}
	wg.Wait()
	slices.SortFunc(ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	if n := len(slices.Compact(ids)); n != workers*each {
		t.Fatalf("%d of %d IDs differ", n, workers*each)
	}
}

// Each draw reads the system's randomness, so two sources, or two processes, do
// not share a seed.
func TestIDSourceSeedsDiffer(t *testing.T) {
	seen := make(map[uint64]bool)
	for range 1000 {
		seen[NewIDSource().seed.Load().mix] = true
	}
	if len(seen) != 1000 {
		t.Fatalf("%d different seeds in 1000", len(seen))
	}
}

// wind makes s believe that the wall clock stood d earlier, against the
// monotonic clock, when its seed was drawn. That is what it sees after a step
// of the clock, and it cannot be had with time.Time's own methods, which move
// both readings.
func wind(s *IDSource, d time.Duration) *idSeed {
	old := s.seed.Load()
	wound := *old
	wound.wall -= int64(d)
	s.seed.Store(&wound)
	return &wound
}

func TestIDSourceClockJump(t *testing.T) {
	for _, d := range []time.Duration{time.Hour, -time.Hour, 1100 * time.Millisecond, -1100 * time.Millisecond} {
		s := NewIDSource()
		old := wind(s, d)
		s.Next(time.Now())
		fresh := s.seed.Load()
		if fresh == old || fresh.mix == old.mix {
			t.Errorf("jump of %v: seed not drawn anew", d)
		}
		if s.Next(time.Now()); s.seed.Load() != fresh {
			t.Errorf("jump of %v: seed drawn twice", d)
		}
	}
	s := NewIDSource()
	old := wind(s, 500*time.Millisecond)
	if s.Next(time.Now()); s.seed.Load() != old {
		t.Error("a drift of 500 ms drew a new seed")
	}
}

// A replayed or hand-made time has no monotonic reading, and must not look like
// a jump: each such call would draw a seed.
func TestIDSourceWithoutMonotonicReading(t *testing.T) {
	s := NewIDSource()
	old := s.seed.Load()
	for _, at := range []time.Time{time.Now().Round(0), time.Unix(0, 0), time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)} {
		s.Next(at)
	}
	if s.seed.Load() != old {
		t.Error("a time without monotonic reading drew a new seed")
	}
}

// Two goroutines that see one jump end up with one seed, and with the same.
func TestIDSourceConcurrentJump(t *testing.T) {
	for range 200 {
		s := NewIDSource()
		old := wind(s, time.Minute)
		now := time.Now()
		var wg sync.WaitGroup
		var got [4]*idSeed
		start := make(chan struct{})
		for i := range got {
			wg.Go(func() {
				<-start
				s.Next(now)
				got[i] = s.seed.Load()
			})
		}
		close(start)
		wg.Wait()
		for _, seed := range got {
			if seed == old || seed != got[0] {
				t.Fatalf("seeds %p, the old one is %p", got, old)
			}
		}
	}
}

// A clone starts with the same seed and the same state of the runtime's
// generator. Once its clock has been set, the same draw makes another ID.
func TestIDSourceCloneDiffers(t *testing.T) {
	origin := NewIDSource()
	clone := new(IDSource)
	clone.seed.Store(origin.seed.Load())
	wind(clone, 3*time.Second)
	now := time.Now()
	clone.Next(now)
	const draw = 0x0123456789ABCDEF // what both generators would return
	var a, b ID
	a.set(now.UnixNano(), draw^origin.seed.Load().mix)
	b.set(now.UnixNano(), draw^clone.seed.Load().mix)
	if a == b {
		t.Errorf("origin and clone both made %s", a)
	}
}

func TestIDSourceAllocs(t *testing.T) {
	var s IDSource
	now := time.Now()
	s.Next(now)
	if n := testing.AllocsPerRun(1000, func() { s.Next(now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
