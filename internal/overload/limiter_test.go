package overload

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A burst at once, then one a tenth of a second, and the whole burst again after
// a rest; never more than a burst, however long the rest.
func TestLimiter(t *testing.T) {
	for name, take := range map[string]func(now int64) bool{
		"route": NewLimiter(10, 5, 0).Take,
		"key": func() func(int64) bool {
			l := NewLimiter(10, 5, 8)
			return func(now int64) bool { return l.TakeKey(1, now) }
		}(),
	} {
		burst := func(now int64) (n int) {
			for take(now) {
				n++
			}
			return n
		}
		wantEqual(t, name+": at the start", burst(0), 5)
		wantEqual(t, name+": a moment before a token", burst(second/10-1), 0)
		wantEqual(t, name+": a token later", burst(second/10), 1)
		wantEqual(t, name+": three tokens later", burst(4*second/10), 3)
		wantEqual(t, name+": an hour later", burst(3600*second), 5)
		wantEqual(t, name+": a caller that is late", burst(3599*second), 0)
	}
}

// In the long run the rate is kept, whatever the arrivals: a thousandth more at
// most, and the burst.
func TestLimiterRate(t *testing.T) {
	random := seeded(t, 3)
	for _, rate := range []float64{0.5, 7, 1000, 333_333, 1e6} {
		l := NewLimiter(rate, 1, 0)
		taken, now := 0, int64(0)
		const n = 200_000
		for range n {
			now += int64(random.ExpFloat64() * 1e9 / rate / 2) // twice as many as are let through
			if l.Take(now) {
				taken++
			}
		}
		most := rate*float64(now)/1e9*1.001 + 1
		if float64(taken) > most || float64(taken) < 0.5*most {
			t.Errorf("%g/s: %d taken, at most %.0f", rate, taken, most)
		}
	}
}

// Goroutines that take at once get no token twice.
func TestLimiterByMany(t *testing.T) {
	one, keyed := NewLimiter(1, 1000, 0), NewLimiter(1, 1000, 1)
	var a, b atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if one.Take(0) {
					a.Add(1)
				}
				if keyed.TakeKey(1, 0) {
					b.Add(1)
				}
			}
		})
	}
	wg.Wait()
	wantEqual(t, "one bucket", a.Load(), 1000)
	wantEqual(t, "a key", b.Load(), 1000)
}

// Keys that fit have a bucket each; what one takes is not missed by another.
func TestLimiterKeys(t *testing.T) {
	l := NewLimiter(1, 3, 1024)
	// 30 in 128 groups of 8: that 9 of them meet in one happens once in 5 billion
	// runs. The hash has a random key: there is no seed to fix.
	keys := make([]uint64, 30)
	for i := range keys {
		keys[i] = l.Hash(slog.IntValue(i))
	}
	for _, key := range keys {
		n := 0
		for l.TakeKey(key, 0) {
			n++
		}
		if n != 3 {
			t.Errorf("%d taken", n)
		}
	}
}

// A flood of keys, each of which logs once, gets no more than the buckets give:
// to make up keys is no way round the limit.
func TestLimiterFlood(t *testing.T) {
	l := NewLimiter(1, 2, 64)
	random := seeded(t, 4)
	taken := 0
	const seconds = 10
	for i := range int64(100_000) {
		if l.TakeKey(random.Uint64(), i*seconds*second/100_000) {
			taken++
		}
	}
	if most := 64 * (2 + seconds); taken > most || taken < most*8/10 {
		t.Errorf("%d of 100,000 keys taken, at most %d", taken, most)
	}
}

// S34: a hundred thousand keys that somebody made up take the room of MaxKeys,
// rounded up as its comment says, and no more.
func TestS34_Keys(t *testing.T) {
	const keys, rounded, made = 100, 104, 100_000
	l := NewLimiter(1, 1, keys)
	for i := range made {
		l.TakeKey(l.Hash(slog.StringValue(fmt.Sprintf("made-up-%d", i))), int64(i)*1e6)
	}
	held := 0
	for i := range l.keys {
		for _, key := range l.keys[i].key {
			if key != 0 {
				held++
			}
		}
	}
	if held == 0 || held > rounded {
		t.Errorf("%d keys are held, want at most %d", held, rounded)
	}
	d := NewDedupe(time.Hour, keys)
	for i := range made {
		d.Repeated(&Record{Message: fmt.Sprintf("made-up-%d", i)}, epoch, int64(i))
	}
	if len(d.keys) != keys || len(d.queue) != keys {
		t.Errorf("%d records are remembered, in a queue of %d, want %d", len(d.keys), len(d.queue), keys)
	}
	r := NewRequests(10, 1<<10, keys)
	for i := range made {
		r.Keep(Key{Trace: [16]byte{13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i) | 1, 0: 1}}, kept("x"))
	}
	if len(r.all) != keys {
		t.Errorf("%d requests are kept, want %d", len(r.all), keys)
	}
	t.Logf("S34: %d keys each: %d buckets of at most %d, %d repeats and %d requests of at most %d", made, held, rounded, len(d.keys), len(r.all), keys)
}

// A key that is quiet loses its place, not its tokens; its own come back in time
// and not before.
func TestLimiterKeyReturns(t *testing.T) {
	l := NewLimiter(1, 1, 1) // one group of 8
	for key := range uint64(8) {
		wantEqual(t, "its first", l.TakeKey(key+1, 0), true)
	}
	wantEqual(t, "a ninth shares", l.TakeKey(9, 0), false)
	wantEqual(t, "the first is not forgotten for it", l.TakeKey(2, second-1), false)
	wantEqual(t, "a second later there is room", l.TakeKey(10, second), true)
	wantEqual(t, "which is in use", l.TakeKey(10, second), false)
}

// The kinds of values are told apart, and equal ones are not.
func TestHash(t *testing.T) {
	l := NewLimiter(1, 1, 1)
	now := time.Unix(5, 0)
	seen := make(map[uint64]string)
	for _, v := range []slog.Value{
		slog.StringValue("5"), slog.StringValue(""), slog.IntValue(5), slog.Uint64Value(5), slog.Float64Value(5),
		slog.DurationValue(5), slog.BoolValue(true), slog.BoolValue(false), slog.TimeValue(now), slog.AnyValue(struct{ A int }{5}),
		slog.AnyValue(nil), slog.GroupValue(slog.Int("a", 5)), slog.GroupValue(slog.Int("a", 6)), {},
	} {
		h := l.Hash(v)
		if h != l.Hash(v) {
			t.Errorf("%v: two hashes", v)
		}
		text := v.Kind().String() + " " + v.String()
		if other, ok := seen[h]; ok && other != text {
			t.Errorf("%s and %s have one hash", text, other)
		}
		seen[h] = text
	}
}

func TestLimiterAllocs(t *testing.T) {
	l := NewLimiter(1000, 10, 1024)
	v := slog.StringValue("tenant-17")
	wantNoAllocs(t, "one bucket", func() { l.Take(1) })
	wantNoAllocs(t, "a key", func() { l.TakeKey(l.Hash(v), 1) })
	wantNoAllocs(t, "a number", func() { l.Hash(slog.IntValue(7)) })
}

func BenchmarkLimiter(b *testing.B) {
	one, keyed := NewLimiter(1000, 10, 0), NewLimiter(1000, 10, 1024)
	v := slog.StringValue("tenant-17")
	b.Run("route", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			one.Take(12345)
		}
	})
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			keyed.TakeKey(keyed.Hash(v), 12345)
		}
	})
	b.Run("key/parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			key := rand.Uint64()
			for pb.Next() {
				keyed.TakeKey(key, 12345)
			}
		})
	})
}
