package overload

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// deduping is a Dedupe whose clock the test sets.
type deduping struct {
	*Dedupe
	t *testing.T
}

func newDeduping(t *testing.T, window time.Duration, max int) deduping {
	return deduping{NewDedupe(window, max), t}
}

// log logs message at a second, and says whether it was a repeat and, as
// "message x count", what came out.
func (d deduping) log(message string, at int64) (repeated bool, ended []string) {
	r := Record{Message: message}
	repeated, out := d.Repeated(&r, epoch.Add(time.Duration(at*second)), at*second)
	return repeated, texts(out)
}

func texts(repeats []*Repeats) (out []string) {
	for _, r := range repeats {
		out = append(out, fmt.Sprintf("%s x %d", r.Message, r.Count))
	}
	return out
}

func (d deduping) want(message string, at int64, repeated bool, ended ...string) {
	d.t.Helper()
	if r, e := d.log(message, at); r != repeated || !slices.Equal(e, ended) {
		d.t.Errorf("%q at %d s: repeated %v, ended %v; want %v, %v", message, at, r, e, repeated, ended)
	}
}

// The first is shipped, its repeats are not until its window ends, and then the
// next is a first again.
func TestDedupe(t *testing.T) {
	d := newDeduping(t, 10*time.Second, 10)
	d.want("a", 0, false)
	d.want("a", 1, true)
	d.want("b", 2, false)
	d.want("a", 9, true)
	at, ok := d.Due()
	wantEqual(t, "there is something due", ok, true)
	wantEqual(t, "due", at, 10*second)
	select {
	case <-d.Pending():
	default:
		t.Error("not announced")
	}
	wantEqual(t, "before its end", len(d.Expire(10*second-1)), 0)
	ended := d.Expire(10 * second)
	if len(ended) != 1 || ended[0].Count != 2 || ended[0].Message != "a" ||
		!ended[0].First.Equal(epoch.Add(time.Second)) || !ended[0].Last.Equal(epoch.Add(9*time.Second)) {
		t.Errorf("%+v", ended)
	}
	_, ok = d.Due()
	wantEqual(t, "nothing repeated, nothing due", ok, false)
	d.want("a", 11, false)
	d.want("b", 11, true)
	wantEqual(t, "at Close", fmt.Sprint(texts(d.Close())), "[b x 1]")
	d.want("a", 12, false)
	d.want("a", 12, false)
	wantEqual(t, "after Close", len(d.Close()), 0)
}

// A first that comes after the end of its window, but before Expire, brings out
// what has ended.
func TestDedupeLateExpire(t *testing.T) {
	d := newDeduping(t, 10*time.Second, 10)
	d.want("a", 0, false)
	d.want("a", 1, true)
	d.want("b", 2, false)
	d.want("b", 3, true)
	d.want("c", 4, false)
	d.want("b", 20, false, "a x 1", "b x 1")
	wantEqual(t, "left", len(d.Expire(20*second)), 0)
}

// One more than can be remembered ends the oldest early.
func TestDedupeMaxKeys(t *testing.T) {
	d := newDeduping(t, time.Hour, 2)
	d.want("a", 0, false)
	d.want("b", 0, false)
	d.want("b", 1, true)
	d.want("c", 2, false)
	d.want("d", 3, false, "b x 1")
	d.want("a", 4, false)
	d.want("a", 5, true)
	wantEqual(t, "windows", len(d.keys), 2)
}

// What is the same and what is not.
func TestDedupeSame(t *testing.T) {
	first := Record{Level: slog.LevelInfo, Scope: "db", Message: "slow", Attrs: []byte("12")}
	for name, c := range map[string]struct {
		r    Record
		want bool
	}{
		"same":          {first, true},
		"level":         {Record{slog.LevelWarn, "db", "slow", []byte("12"), nil, ""}, false},
		"scope":         {Record{slog.LevelInfo, "http", "slow", []byte("12"), nil, ""}, false},
		"message":       {Record{slog.LevelInfo, "db", "slower", []byte("12"), nil, ""}, false},
		"attrs":         {Record{slog.LevelInfo, "db", "slow", []byte("21"), nil, ""}, false},
		"moved a byte":  {Record{slog.LevelInfo, "d", "bslow", []byte("12"), nil, ""}, false},
		"moved another": {Record{slog.LevelInfo, "db", "slow1", []byte("2"), nil, ""}, false},
	} {
		d := NewDedupe(time.Second, 10)
		d.Repeated(&first, epoch, 0)
		if got, _ := d.Repeated(&c.r, epoch, 0); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDedupeLarge(t *testing.T) {
	d := newDeduping(t, time.Second, 10)
	large := strings.Repeat("x", MaxRepeat+1)
	d.want(large, 0, false)
	d.want(large, 0, false)
	d.want(large[:MaxRepeat], 0, false)
	d.want(large[:MaxRepeat], 0, true)
}

// What a caller does with its memory after the call changes nothing.
func TestDedupeCopies(t *testing.T) {
	d := NewDedupe(time.Second, 10)
	attrs := []byte("attrs")
	r := Record{Message: "m", Attrs: attrs}
	d.Repeated(&r, epoch, 0)
	d.Repeated(&r, epoch, 0)
	copy(attrs, "XXXXX")
	if got := d.Close(); len(got) != 1 || string(got[0].Attrs) != "attrs" {
		t.Errorf("%+v", got)
	}
}

// Against a model without bounds, keys, queues and free windows: what is a
// repeat, and every repeat is in exactly one count.
func TestDedupeModel(t *testing.T) {
	random := seeded(t, 5)
	d := newDeduping(t, 10*time.Second, 64)
	ends := make(map[string]int64)
	repeats, told := 0, 0
	count := func(ended []*Repeats) {
		for _, r := range ended {
			told += int(r.Count)
		}
	}
	now := int64(0)
	for range 20_000 {
		now += random.Int64N(2 * second)
		r := Record{Message: fmt.Sprint(random.IntN(30))} // never more than are remembered
		want := now < ends[r.Message]
		got, ended := d.Repeated(&r, epoch.Add(time.Duration(now)), now)
		if got != want {
			t.Fatalf("%q at %d: repeated %v", r.Message, now, got)
		}
		count(ended)
		if !want {
			ends[r.Message] = now + 10*second
		} else {
			repeats++
		}
		if random.IntN(5) == 0 {
			count(d.Expire(now))
		}
	}
	count(d.Close())
	wantEqual(t, "repeats told", told, repeats)
	wantEqual(t, "some", repeats > 1000, true)
}

// Goroutines, an Expire beside them and a Close in the middle: each record is
// shipped or counted, once.
func TestDedupeByMany(t *testing.T) {
	d := NewDedupe(time.Millisecond, 8)
	var repeated, told atomic.Uint64
	count := func(ended []*Repeats) {
		for _, r := range ended {
			told.Add(r.Count)
		}
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range int64(5000) {
				r := Record{Message: fmt.Sprint((i + int64(g)) % 12)}
				again, ended := d.Repeated(&r, epoch, i*10_000)
				if again {
					repeated.Add(1)
				}
				count(ended)
				if i == 4000 && g == 0 {
					count(d.Close())
				}
			}
		})
	}
	wg.Go(func() {
		for i := range int64(500) {
			count(d.Expire(i * 100_000))
		}
	})
	wg.Wait()
	count(d.Close())
	wantEqual(t, "told", told.Load(), repeated.Load())
}

func TestDedupeAllocs(t *testing.T) {
	d := NewDedupe(time.Second, 16)
	r := Record{Message: "request served", Attrs: make([]byte, 200)}
	d.Repeated(&r, epoch, 0)
	d.Repeated(&r, epoch, 0)
	wantNoAllocs(t, "a repeat", func() { d.Repeated(&r, epoch, 0) })
	now := int64(0)
	for i := range 64 { // every window once
		d.Repeated(&Record{Attrs: []byte{byte(i)}}, epoch, 0)
	}
	wantNoAllocs(t, "a first", func() {
		now += second
		d.Repeated(&r, epoch, now)
	})
}

func BenchmarkDedupe(b *testing.B) {
	d := NewDedupe(time.Hour, 1024)
	r := Record{Message: "request served", Scope: "http", Attrs: make([]byte, 200)}
	b.Run("repeat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Repeated(&r, epoch, 0)
		}
	})
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			r.Attrs[0], r.Attrs[1], r.Attrs[2] = byte(i), byte(i>>8), byte(i>>16)
			d.Repeated(&r, epoch, 0)
		}
	})
	b.Run("repeat/parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			r := Record{Message: "request served", Scope: "http", Attrs: make([]byte, 200)}
			for pb.Next() {
				d.Repeated(&r, epoch, 0)
			}
		})
	})
}
