package crypto

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// The ring is closed while goroutines log: a value is sealed or marked, never
// there as it was.
func TestCloseUnderLoad(t *testing.T) {
	for range 20 {
		r := testRing(t, testKey(t, "k1"))
		s := compileWith(t, Policy{Rules: []Rule{{Key: "secret"}}}, r)
		var wg sync.WaitGroup
		var sealed, marked atomic.Uint64
		start := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				var sc Scratch
				<-start
				for range 200 {
					p := string(s.Top().AppendAttr(nil, &sc, slog.String("secret", "canary")))
					switch {
					case strings.Contains(p, "canary"):
						t.Error("plain text")
					case strings.Contains(p, Prefix):
						sealed.Add(1)
					case strings.Contains(p, MarkNoKey):
						marked.Add(1)
					}
				}
			})
		}
		wg.Go(func() {
			<-start
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		close(start)
		wg.Wait()
		if n := s.Stats(); n.Sealed != sealed.Load() || n.Unsealed != marked.Load() || n.Sealed+n.Unsealed != 800 {
			t.Errorf("%+v, seen %d and %d of 800", n, sealed.Load(), marked.Load())
		}
	}
}

// Many openers of values of one data key make one call of the service.
func TestOneUnwrapForMany(t *testing.T) {
	svc := &service{}
	r := readyRing(t, svc)
	s := compileWith(t, Policy{}, r)
	o := NewOpener(r, nil)
	tokens := make([]string, 50)
	for i := range tokens {
		tokens[i] = seal(t, s, testID, "a", slog.IntValue(i))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, token := range tokens {
				if v, err := o.Open(context.Background(), token); err != nil || v.Value.Int64() != int64(i) {
					t.Errorf("%v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
	if svc.unwraps != 1 {
		t.Errorf("%d calls", svc.unwraps)
	}
}

// A ring is reloaded while an opener and a sealer use it, and while a service
// comes in. (Run it with -race.)
func TestReloadUnderLoad(t *testing.T) {
	var n atomic.Int64
	all := make([]*Key, 30)
	for i := range all {
		all[i] = testKey(t, fmt.Sprintf("k%d", i))
	}
	r, err := LoadKeyring(t.Context(), func(context.Context) ([]*Key, error) {
		newest := min(int(n.Add(1)), len(all)-1)
		return []*Key{all[newest], all[newest-1]}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := compileWith(t, Policy{}, r)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 2 * len(all) {
				if err := r.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			o := NewOpener(r, nil)
			for i := range 500 {
				token := seal(t, s, testID, "a", slog.IntValue(i))
				if v, err := o.Open(context.Background(), token); err != nil || v.Value.Int64() != int64(i) {
					t.Errorf("%v, %v", v, err)
				}
				_ = r.String() + fmt.Sprint(r.IDs())
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			if err := r.AddWrapper(fmt.Sprintf("w%d", i), xorWrapper{}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if id := r.SealingID(); id != all[len(all)-1].ID() {
		t.Errorf("seals with %s at the end", id)
	}
}

// The counts say what was done, one for each value.
func TestStatsAddUp(t *testing.T) {
	s := compile(t, Policy{
		Rules:  []Rule{{Key: "s"}, {Key: "m", Do: MaskIt}, {Key: "h", Do: Hash}, {Key: "d", Do: Drop}, {Key: "k", Do: Keep}},
		Detect: []Detect{{What: Emails, Do: MaskIt}},
	})
	rnd := random(t)
	var want Stats
	var sc Scratch
	for range 2000 {
		key := []string{"s", "m", "h", "d", "k", "o"}[rnd.IntN(6)]
		a := slog.String(key, "to a@example.com and b@example.com")
		if rnd.IntN(2) == 0 {
			a = slog.Group("g", a)
		}
		if rnd.IntN(2) == 0 {
			s.Top().AppendAttr(nil, &sc, a)
		} else {
			s.Top().Attr(&sc, a)
		}
		switch key {
		case "s":
			want.Sealed++
		case "m":
			want.Masked++
		case "h":
			want.Hashed++
		case "d":
			want.Dropped++
		case "o":
			want.Masked += 2 // both addresses
		}
	}
	if got := s.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
