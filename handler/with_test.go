package handler_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/memory"
)

func keys(attrs []slog.Attr) []string {
	var names []string
	for _, a := range attrs {
		names = append(names, a.Key)
	}
	return names
}

// With's attributes are on every record of the ctx: at the top level, first,
// whatever the logger has gathered; resolved, and through ReplaceAttr.
func TestWith(t *testing.T) {
	for _, direct := range []bool{true, false} {
		h, sink := open(t, direct, &handler.Options{
			Context: []func(context.Context) []slog.Attr{func(context.Context) []slog.Attr { return []slog.Attr{slog.Bool("extracted", true)} }},
			ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				if a.Key == "token" && len(groups) == 0 {
					return slog.String("token", "***")
				}
				return a
			},
		})
		ctx := handler.With(t.Context(), slog.String("request", "r1"), slog.Any("lazy", lazy(3)), slog.String("token", "secret"))
		slog.New(h).With("bound", 1).WithGroup("g").InfoContext(ctx, "m", "own", 2)
		slog.New(h).InfoContext(t.Context(), "without")
		if err := h.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		recs := sink.Records()
		if got, want := keys(recs[0].Attrs), []string{"extracted", "request", "lazy", "token", "bound", "g"}; !slices.Equal(got, want) {
			t.Errorf("attributes %q, want %q", got, want)
		}
		if v := memory.Attr(recs[0], "lazy"); v.Kind() != slog.KindInt64 || v.Int64() != 3 {
			t.Errorf("lazy is %v", v)
		}
		if v := memory.Attr(recs[0], "token"); v.String() != "***" {
			t.Errorf("token is %v", v)
		}
		if got := keys(recs[1].Attrs); !slices.Equal(got, []string{"extracted"}) {
			t.Errorf("a record of another ctx has %q", got)
		}
	}
}

type lazy int

func (l lazy) LogValue() slog.Value { return slog.IntValue(int(l)) }

// The last With of a key wins, and the parent's ctx does not notice.
func TestWithReplaces(t *testing.T) {
	parent := handler.With(t.Context(), slog.String("user", "nobody"), slog.Int("n", 1))
	child := handler.With(parent, slog.String("user", "ann"), slog.Group("", slog.Int("a", 1)), slog.Group("", slog.Int("b", 2)))
	if got := handler.Attrs(child); len(got) != 4 || got[0].Value.String() != "ann" || got[1].Value.Int64() != 1 {
		t.Errorf("the child has %v", got)
	}
	if got := handler.Attrs(parent); len(got) != 2 || got[0].Value.String() != "nobody" {
		t.Errorf("the parent has %v", got)
	}
	if handler.With(parent) != parent {
		t.Error("With without attributes makes a ctx")
	}
	if got := handler.Attrs(t.Context()); got != nil {
		t.Errorf("a plain ctx has %v", got)
	}
}

// Two children of one ctx share no spare capacity.
func TestWithSiblings(t *testing.T) {
	parent := handler.With(handler.With(t.Context(), slog.Int("a", 1)), slog.Int("b", 2))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 200 {
				got := handler.Attrs(handler.With(parent, slog.Int("who", i)))
				if len(got) != 3 || got[2].Value.Int64() != int64(i) {
					t.Errorf("sibling %d has %v", i, got)
				}
			}
		})
	}
	group.Wait()
}

// Matchers see what With has put into the ctx, behind what the record itself and
// its logger have.
func TestWithMatches(t *testing.T) {
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "ann", To: sink, Direct: true, Match: route.Equals("user", "ann")}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(context.Background())
	l, ann := slog.New(h), handler.With(t.Context(), slog.String("user", "ann"))
	l.InfoContext(ann, "by ctx")
	l.WithGroup("g").InfoContext(ann, "outside groups")
	l.InfoContext(ann, "its own wins", "user", "bob")
	l.InfoContext(t.Context(), "nobody")
	if got := sink.Messages(); !slices.Equal(got, []string{"by ctx", "outside groups"}) {
		t.Errorf("arrived %q", got)
	}
}

// quiet returns a handler whose one buffered route goes nowhere.
func quiet(t testing.TB) *slog.Logger {
	h, err := handler.New([]route.Route{{Name: "quiet", To: console.Destination{Writer: io.Discard}}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return slog.New(h)
}

// Records with a ctx that carries attributes cost no allocation of ours.
func TestWithAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := quiet(t)
	allocs := func(ctx context.Context) float64 {
		return testing.AllocsPerRun(500, func() { l.LogAttrs(ctx, slog.LevelInfo, "m") })
	}
	ctx := handler.With(t.Context(), slog.String("request", "r1"), slog.Int("tenant", 7))
	if with, without := allocs(ctx), allocs(t.Context()); with > without {
		t.Errorf("%v allocations a call, %v without attributes", with, without)
	}
}

func BenchmarkWith(b *testing.B) {
	l := quiet(b)
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{
		{"none", b.Context()},
		{"two", handler.With(b.Context(), slog.String("request", "r1"), slog.Int("tenant", 7))},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				l.LogAttrs(c.ctx, slog.LevelInfo, "m")
			}
		})
	}
}
