package handler_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// Each test here holds a rule that could be broken without another one
// noticing (T46): see the mutants of this package in internal/mutants.

// Two groups opened on one parent must not write into the same spare capacity.
// Whether there is any depends on how long the parent's attributes are, so
// there are many parents.
func TestGroupsDoNotAlias(t *testing.T) {
	h, sink := open(t, true, nil)
	for n := range 64 {
		parent := slog.New(h).With("pad", strings.Repeat("p", n)).With("a", 1)
		x, y := parent.WithGroup("x"), parent.WithGroup("y")
		x.Info("m", "k", 1)
		y.Info("m", "k", 2)
		recs := sink.Records()
		for i, want := range []string{"x", "y"} {
			rec := recs[len(recs)-2+i]
			if last := rec.Attrs[len(rec.Attrs)-1]; last.Key != want {
				t.Fatalf("%d bytes of padding: group %q is called %q", n, want, last.Key)
			}
		}
	}
}

// The same for the attributes that matchers see.
func TestBoundAttributesDoNotAlias(t *testing.T) {
	sink := memory.New()
	var seen []string
	h, err := handler.New([]route.Route{{
		Name: "test", To: sink, Direct: true,
		Match: route.MatchFunc(func(s route.Subject) bool {
			v, _ := s.Lookup("who")
			seen = append(seen, v.String())
			return true
		}),
	}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	parent := slog.New(h)
	for range 8 { // some of these lengths leave spare capacity
		parent = parent.With("a", 1)
		x, y := parent.With("who", "x"), parent.With("who", "y")
		seen = nil
		x.Info("m")
		y.Info("m")
		if len(seen) != 2 || seen[0] != "x" || seen[1] != "y" {
			t.Fatalf("the matcher saw %q, want x and y", seen)
		}
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A matcher that panics takes the record: one too many is better than one lost.
func TestPanickingMatcherTakesTheRecord(t *testing.T) {
	sink := memory.New()
	h, err := handler.New([]route.Route{{
		Name: "test", To: sink,
		Match: route.MatchFunc(func(route.Subject) bool { panic("matcher") }),
	}}, &handler.Options{InMemory: true, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("m")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if recs := sink.Records(); len(recs) != 1 || recs[0].Message != "m" {
		t.Fatalf("%d records", len(recs))
	}
}

// What comes after Close is on stderr, with its attributes.
func TestLateRecordIsOnStderr(t *testing.T) {
	for _, direct := range []bool{true, false} {
		h, err := handler.New([]route.Route{{Name: "test", To: memory.New(), Direct: direct}}, &handler.Options{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "stderr")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		old := os.Stderr
		os.Stderr = f // nothing of this handler runs any more but the call
		err = h.Log(t.Context(), slog.LevelInfo, "too late", slog.String("order", "4711"))
		os.Stderr = old
		_ = f.Close()
		if !errors.Is(err, handler.ErrClosed) {
			t.Errorf("%v", err)
		}
		text, _ := os.ReadFile(name)
		if !strings.Contains(string(text), "too late") || !strings.Contains(string(text), "4711") {
			t.Errorf("direct %v: on stderr is %q", direct, text)
		}
	}
}
