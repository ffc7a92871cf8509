package crypto

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A program with hundreds of keys pays for each of them once.
func TestManyKeysAllocateOnce(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := compile(t, Policy{Rules: []Rule{{Key: "*secret*"}, {Path: "group.*.x"}}})
	var attrs []slog.Attr
	for i := range 500 {
		attrs = append(attrs, slog.Int(fmt.Sprintf("attribute_%d", i), i), slog.Group(fmt.Sprintf("group%d", i%50), slog.Int(fmt.Sprintf("inner%d", i), i)))
	}
	var sc Scratch
	dst := make([]byte, 0, 1<<20)
	n := testing.AllocsPerRun(20, func() {
		dst = dst[:0]
		for _, a := range attrs {
			dst = s.Top().AppendAttr(dst, &sc, a)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// S34: keys that are made of data take bounded memory, and do not push out those of
// the code.
func TestS34_KeysOfDataAreBounded(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "secret"}}})
	var sc Scratch
	code := []string{"method", "path", "status", "secret"}
	for _, key := range code {
		s.Top().find(key)
	}
	for i := range 50_000 {
		s.Top().AppendAttr(nil, &sc, slog.Int(fmt.Sprintf("user-%d", i), 1))
		s.Top().AppendAttr(nil, &sc, slog.Group(fmt.Sprintf("g%d", i%30), slog.Int(fmt.Sprintf("user-%d", i), 1)))
		s.Top().AppendAttr(nil, &sc, slog.Group(fmt.Sprintf("h%d", i%5), slog.Group(fmt.Sprintf("user-%d", i), slog.Int("n", 1))))
	}
	if n := len(*s.Top().more.Load()); n > maxMore {
		t.Errorf("%d keys of one group are kept, want at most %d", n, maxMore)
	}
	if n := s.fields.Load(); n > maxFields {
		t.Errorf("%d keys are kept in all, want at most %d", n, maxFields)
	}
	if n := s.groups.Load(); n > maxGroups {
		t.Errorf("%d groups are kept, want at most %d", n, maxGroups)
	}
	if f := s.Top().find("secret"); f.rule == nil {
		t.Error("the cache has forgotten what a rule says")
	}
	long := strings.Repeat("k", maxCachedKey+1)
	if a, b := s.Top().find(long), s.Top().find(long); a == b {
		t.Error("a key that is too long is kept")
	}
	t.Logf("S34: 150,000 keys: %d of one group of at most %d, %d in all of at most %d, %d groups of at most %d",
		len(*s.Top().more.Load()), maxMore, s.fields.Load(), maxFields, s.groups.Load(), maxGroups)
}

// What is kept of a key is a copy: a key may be a part of a large text.
func TestKeysAreCopied(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "secret"}}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 50 {
		large := strings.Repeat(string(rune('a'+i)), 1<<20)
		s.Top().find(large[:10])
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 10<<20 {
		t.Errorf("50 keys of ten bytes keep %d bytes", grown)
	}
	runtime.KeepAlive(s)
}

// Goroutines that meet new keys and groups at the same time agree on what the
// rules say. (Run it with -race.)
func TestGroupsConcurrently(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "x1*", Do: Drop}, {Path: "g2.**", Do: Drop}}})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			var sc Scratch
			for i := range 3000 {
				n := (i*7 + worker*13) % 300
				group, key := fmt.Sprintf("g%d", n%40), fmt.Sprintf("x%d", n)
				_, ok := s.Top().Group(group).Attr(&sc, slog.Int(key, n))
				if want := strings.HasPrefix(key, "x1") || group == "g2"; ok == want {
					t.Errorf("%s.%s is kept: %v", group, key, ok)
				}
			}
		})
	}
	wg.Wait()
}

// Who lost a race for a place among the keys gives it back, or all places would be
// taken in time with nothing in them.
func TestPlacesOfKeysAreCounted(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "secret"}}})
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			for i := range 900 {
				s.Top().find(fmt.Sprintf("key-%d", i))
			}
		})
	}
	close(start)
	wg.Wait()
	if kept, counted := len(*s.Top().more.Load()), s.fields.Load(); int64(kept) != counted {
		t.Errorf("%d keys are kept, %d are counted", kept, counted)
	}
}

// A group with an empty name is none.
func TestGroupNames(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Path: "a.b.c", Do: Drop}}})
	top := s.Top()
	if a := top.Group("a"); top.Group("") != top || top.Group("a") != a || top.Group("a").Group("b").prefix != "a.b." {
		t.Error("groups are not what they should be")
	}
	// A name with dots is as many groups, to a rule.
	var sc Scratch
	if _, ok := top.Group("a.b").Attr(&sc, slog.Int("c", 1)); ok {
		t.Error("a.b and c is not a.b.c")
	}
	if _, ok := top.Group("a").Attr(&sc, slog.Int("b.c", 1)); ok {
		t.Error("a and b.c is not a.b.c")
	}
	if _, ok := top.Group("").Group("a").Group("").Attr(&sc, slog.Group("b", slog.Group("", slog.Int("c", 1)))); ok {
		t.Error("an inlined group stands for itself")
	}
}
