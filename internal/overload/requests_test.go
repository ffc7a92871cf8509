package overload

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func trace(n int) Key { return Key{Trace: [16]byte{0: 1, 14: byte(n >> 8), 15: byte(n)}} }

// keeping is a Requests with what a test wants of it.
type keeping struct {
	*Requests
	t *testing.T
}

func newKeeping(t *testing.T, records, bytes, requests int) keeping {
	return keeping{NewRequests(records, bytes, requests), t}
}

// keep keeps a record with this text and wants it not to be shipped at once.
func (k keeping) keep(key Key, text string) {
	k.t.Helper()
	if k.Keep(key, kept(text)) {
		k.t.Errorf("%q is shipped", text)
	}
}

func kept(text string) *Kept {
	return &Kept{Payload: []byte(text), Sum: uint32(len(text)) * 77, Level: uint8(len(text) % 7), Time: int64(len(text)) * 1e15}
}

// wantTriggered wants these texts to be shipped, in this order, whole.
func (k keeping) wantTriggered(key Key, want ...string) {
	k.t.Helper()
	var got []string
	k.Trigger(key, func(r *Kept) {
		got = append(got, string(r.Payload))
		if w := kept(string(r.Payload)); r.Sum != w.Sum || r.Level != w.Level || r.Time != w.Time {
			k.t.Errorf("%q came back as %+v", r.Payload, r)
		}
	})
	if !slices.Equal(got, want) {
		k.t.Errorf("shipped %q, want %q", got, want)
	}
}

func (k keeping) wantFigures(want Figures) {
	k.t.Helper()
	wantEqual(k.t, "figures", k.Figures(), want)
}

// A trigger ships what its own request has, once, in order.
func TestRequests(t *testing.T) {
	k := newKeeping(t, 10, 1000, 10)
	k.keep(trace(1), "a")
	k.keep(trace(2), "other")
	k.keep(trace(1), "bb")
	k.wantFigures(Figures{Kept: 3})
	k.wantTriggered(trace(1), "a", "bb")
	k.wantTriggered(trace(1))
	k.wantTriggered(trace(3))
	k.wantFigures(Figures{Kept: 1, Shipped: 2})
	k.wantTriggered(trace(2), "other")
}

// What follows a trigger is shipped as it comes, so many as are kept before it;
// another trigger begins that anew.
func TestRequestsFollow(t *testing.T) {
	k := newKeeping(t, 3, 1000, 10)
	k.wantTriggered(trace(1))
	for range 2 {
		if !k.Keep(trace(1), kept("after")) {
			t.Error("not shipped")
		}
	}
	k.wantTriggered(trace(1))
	for range 3 {
		if !k.Keep(trace(1), kept("after the second")) {
			t.Error("not shipped")
		}
	}
	k.keep(trace(1), "kept again")
	k.keep(trace(2), "of another")
	k.wantTriggered(trace(1), "kept again")
	k.wantFigures(Figures{Kept: 1, Shipped: 6})
}

// The oldest records go, by number and by size; one too large for all goes
// itself.
func TestRequestsBounds(t *testing.T) {
	k := newKeeping(t, 3, 1024, 10)
	for _, text := range []string{"a", "b", "c", "d", "e"} {
		k.keep(trace(1), text)
	}
	k.wantFigures(Figures{Kept: 3, Evicted: 2})
	half := string(make([]byte, 450))
	k.keep(trace(1), half)
	k.keep(trace(1), "f")
	k.keep(trace(1), half+"x")
	k.keep(trace(1), string(make([]byte, 1024)))
	k.wantFigures(Figures{Kept: 3, Evicted: 6})
	k.wantTriggered(trace(1), half, "f", half+"x")
}

// For one request too many, the one that was quiet for longest goes.
func TestRequestsMax(t *testing.T) {
	k := newKeeping(t, 10, 1024, 2)
	k.keep(trace(1), "a")
	k.keep(trace(2), "b")
	k.keep(trace(1), "c")
	k.keep(trace(3), "d")
	k.wantFigures(Figures{Kept: 3, Evicted: 1})
	k.wantTriggered(trace(1), "a", "c")
	k.wantTriggered(trace(3), "d")
	k.wantTriggered(trace(2))
	wantEqual(t, "requests", len(k.all), 2)
}

// A request that has ended leaves nothing, and that is no eviction; nothing is
// kept of it any more, not even by a table that had nothing of it.
func TestRequestEnds(t *testing.T) {
	k, other := newKeeping(t, 10, 1024, 10), newKeeping(t, 10, 1024, 10)
	var r Request
	key := Key{Request: &r}
	k.keep(key, "a")
	other.keep(key, "b")
	r.End()
	r.End()
	k.wantFigures(Figures{})
	other.wantFigures(Figures{})
	k.keep(key, "late")
	k.wantFigures(Figures{})
	k.wantTriggered(key)
	wantEqual(t, "requests", len(k.all)+len(other.all), 0)
}

// A request that was forgotten for room and comes again is noted once.
func TestRequestJoinsOnce(t *testing.T) {
	k := newKeeping(t, 10, 1024, 1)
	var r Request
	for range 5 {
		k.keep(Key{Request: &r}, "a")
		k.keep(trace(1), "b")
	}
	wantEqual(t, "tables", len(r.tables), 1)
}

func TestRequestsClose(t *testing.T) {
	k := newKeeping(t, 10, 1024, 10)
	k.keep(trace(1), "a")
	k.Close()
	k.keep(trace(1), "b")
	k.wantTriggered(trace(1))
	k.wantFigures(Figures{})
}

// The ring against a model, at sizes at which it wraps in every way.
func TestRingModel(t *testing.T) {
	random := seeded(t, 6)
	for range 50 {
		var r ring
		var model []string
		size := 0
		mostBytes, mostRecords := 64+random.IntN(3000), 1+random.IntN(40)
		for range 300 {
			text := fmt.Sprint(random.Uint64())[:1+random.IntN(15)]
			if random.IntN(10) == 0 {
				text += string(make([]byte, random.IntN(mostBytes-keptHeader-len(text))))
			}
			evicted := r.push(kept(text), mostBytes, mostRecords)
			for range evicted {
				size -= keptHeader + len(model[0])
				model = model[1:]
			}
			model = append(model, text)
			size += keptHeader + len(text)
			if r.used != size || r.records != len(model) || len(r.buf) > mostBytes || size > mostBytes || len(model) > mostRecords {
				t.Fatalf("%d bytes in %d records, in %d; want %d in %d", r.used, r.records, len(r.buf), size, len(model))
			}
		}
		var got []string
		r.each(func(k *Kept) { got = append(got, string(k.Payload)) })
		if !slices.Equal(got, model) {
			t.Fatalf("%q, want %q", got, model)
		}
	}
}

// Goroutines that keep, trigger and end at once: every record is shipped, in the
// order of the one that logged it, or counted as evicted, or goes with the end.
func TestRequestsByMany(t *testing.T) {
	table := NewRequests(50, 4096, 4)
	var shipped atomic.Uint64
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			var r Request
			keys := []Key{trace(g), {Request: &r}}
			var next, seen [2]uint64
			ship := func(which int) func(k *Kept) {
				return func(k *Kept) {
					n := binary.LittleEndian.Uint64(k.Payload)
					if n <= seen[which] {
						t.Errorf("record %d after %d", n, seen[which])
					}
					seen[which] = n
					shipped.Add(1)
				}
			}
			for i := range 3000 {
				which := i % 2
				next[which]++
				k := &Kept{Payload: binary.LittleEndian.AppendUint64(nil, next[which])}
				if table.Keep(keys[which], k) {
					ship(which)(k)
				}
				if i%97 == 0 {
					table.Trigger(keys[which], ship(which))
				}
			}
			r.End()
		})
	}
	wg.Wait()
	f := table.Figures()
	wantEqual(t, "shipped", f.Shipped, shipped.Load())
	if f.Kept > 4*50 || f.Kept < 0 {
		t.Errorf("%+v", f)
	}
	table.Close()
	wantEqual(t, "left", table.Figures().Kept, 0)
}

// Keeping allocates nothing once a request's ring has grown, and rings are used
// again by other requests.
func TestRequestsAllocs(t *testing.T) {
	table := NewRequests(16, 1024, 4)
	k := kept("a record of some length")
	for i := range 64 {
		table.Keep(trace(1), k)
		table.Keep(trace(i), k)
	}
	wantNoAllocs(t, "a record", func() { table.Keep(trace(1), k) })
}

func BenchmarkRequests(b *testing.B) {
	table := NewRequests(256, 64<<10, 512)
	k := &Kept{Payload: make([]byte, 256)}
	b.Run("keep", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			table.Keep(trace(1), k)
		}
	})
	b.Run("keep/parallel", func(b *testing.B) {
		var n atomic.Int32
		b.RunParallel(func(pb *testing.PB) {
			key := trace(int(n.Add(1)))
			for pb.Next() {
				table.Keep(key, k)
			}
		})
	})
	b.Run("request", func(b *testing.B) { // of ten records, without an error
		b.ReportAllocs()
		for b.Loop() {
			r := new(Request)
			for range 10 {
				table.Keep(Key{Request: r}, k)
			}
			r.End()
		}
	})
}
