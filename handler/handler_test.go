package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// open returns a handler with one route to a sink. direct: without a buffer.
func open(t testing.TB, direct bool, o *handler.Options) (*handler.Handler, *memory.Sink) {
	t.Helper()
	sink := memory.New()
	if o == nil {
		o = &handler.Options{}
	}
	if o.Dir == "" {
		o.InMemory = true
	}
	h, err := handler.New(patiently(route.Route{Name: "test", To: sink, Direct: direct}), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h, sink
}

func TestSlogtest(t *testing.T) {
	for _, c := range []struct {
		name   string
		direct bool
		dir    bool
	}{{"direct", true, false}, {"heap", false, false}, {"mapped", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			var h *handler.Handler
			var sink *memory.Sink
			slogtest.Run(t, func(t *testing.T) slog.Handler {
				o := &handler.Options{}
				if c.dir {
					o.Dir = t.TempDir()
				}
				h, sink = open(t, c.direct, o)
				return h
			}, func(t *testing.T) map[string]any {
				if err := h.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				recs := sink.Records()
				if len(recs) != 1 {
					t.Fatalf("%d records", len(recs))
				}
				return asMap(&recs[0])
			})
		})
	}
}

func asMap(rec *encode.Record) map[string]any {
	m := map[string]any{slog.MessageKey: rec.Message, slog.LevelKey: rec.Level}
	if !rec.Time.IsZero() {
		m[slog.TimeKey] = rec.Time
	}
	addAttrs(m, rec.Attrs)
	return m
}

func addAttrs(m map[string]any, attrs []slog.Attr) {
	for _, a := range attrs {
		if a.Value.Kind() != slog.KindGroup {
			m[a.Key] = a.Value.Any()
			continue
		}
		inner := map[string]any{}
		addAttrs(inner, a.Value.Group())
		m[a.Key] = inner
	}
}

// Two children of one parent must not write into the same spare capacity
// (peers.md 45).
func TestSiblingsDoNotAlias(t *testing.T) {
	h, sink := open(t, true, nil)
	parent := slog.New(h).With("a", 1).With("b", 2)
	x, y := parent.With("who", "x"), parent.With("who", "y")
	done := make(chan bool)
	for _, l := range []*slog.Logger{x, y} {
		go func() {
			for range 100 {
				l.With("more", 1).Info("m")
			}
			done <- true
		}()
	}
	<-done
	<-done
	x.Info("last x")
	y.Info("last y")
	recs := sink.Records()
	for i, want := range []string{"x", "y"} {
		rec := recs[len(recs)-2+i]
		if v := memory.Attr(rec, "who"); v.String() != want {
			t.Errorf("sibling %q has who=%v", want, v)
		}
	}
}

func TestCancelledContextDropsNothing(t *testing.T) {
	for _, d := range []route.Durability{route.Process(), route.Power()} {
		sink := memory.New()
		h, err := handler.New([]route.Route{{Name: "test", To: sink, Durability: d, Buffer: blocking()}}, &handler.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 10 {
			if err := h.Log(ctx, slog.LevelInfo, "m"); err != nil {
				t.Error(err)
			}
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(sink.Records()); n != 10 {
			t.Errorf("%v: %d of 10 arrived", d, n)
		}
	}
}

func TestDeliver(t *testing.T) {
	h, sink := open(t, false, nil)
	if err := h.Deliver(t.Context(), slog.LevelInfo, "wait for me", slog.Int("n", 1)); err != nil {
		t.Fatal(err)
	}
	if recs := sink.Records(); len(recs) != 1 || recs[0].Message != "wait for me" {
		t.Errorf("Deliver returned before the destination had %v", recs)
	}
}

func TestAfterClose(t *testing.T) {
	for _, direct := range []bool{true, false} {
		sink := memory.New()
		h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: direct}}, &handler.Options{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.Log(t.Context(), slog.LevelInfo, "too late (expected on stderr)"); !errors.Is(err, handler.ErrClosed) {
			t.Errorf("Log after Close: %v", err)
		}
		s := h.Stats().Routes[0]
		if s.Dropped["closed"]["INFO"] != 1 || s.Logged != 1 {
			t.Errorf("direct %v: not counted: %+v", direct, s)
		}
	}
}

// TestAfterCloseOnce: a record that several routes would have taken is on stderr
// once, and counted by each.
func TestAfterCloseOnce(t *testing.T) {
	sink := memory.New()
	h, err := handler.New([]route.Route{
		{Name: "a", To: sink}, {Name: "b", To: sink}, {Name: "c", To: sink, Direct: true},
	}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	old := os.Stderr
	os.Stderr = f
	err = h.Log(t.Context(), slog.LevelInfo, "too late")
	os.Stderr = old
	if !errors.Is(err, handler.ErrClosed) {
		t.Error(err)
	}
	if text, err := os.ReadFile(f.Name()); err != nil || strings.Count(string(text), "too late") != 1 {
		t.Errorf("on stderr: %q %v", text, err)
	}
	for _, s := range h.Stats().Routes {
		if s.Dropped["closed"]["INFO"] != 1 {
			t.Errorf("%+v", s)
		}
	}
}

// A nil context is a programmer's slip that slog forgives; so do we.
func TestNilContext(t *testing.T) {
	h, sink := open(t, true, &handler.Options{})
	var none context.Context
	err := errors.Join(h.Log(none, slog.LevelInfo, "1"), h.Deliver(none, slog.LevelInfo, "2"),
		h.Handle(none, slog.NewRecord(time.Now(), slog.LevelInfo, "3", 0)))
	if recs := sink.Records(); err != nil || len(recs) != 3 {
		t.Errorf("%d records: %v", len(recs), err)
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	h, _ := open(t, false, &handler.Options{Dir: t.TempDir(), AddSource: true})
	ctx := t.Context()
	l := slog.New(h).With("service", "x")
	log := func() {
		l.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("a", "b"), slog.Int("n", 3), slog.Any("err", context.Canceled))
	}
	log()
	if n := testing.AllocsPerRun(1000, log); n >= 1 {
		t.Errorf("%v allocations a call", n)
	}
}

func TestStackAndSource(t *testing.T) {
	h, sink := open(t, true, &handler.Options{AddSource: true})
	slog.New(h).Error("boom", "err", errors.New("bad"))
	rec := sink.Records()[0]
	if len(rec.Stack) == 0 || rec.Stack[0].Function != rec.Source.Function ||
		rec.Stack[0].Line != rec.Source.Line {
		t.Errorf("stack %v does not begin at source %v", rec.Stack, rec.Source)
	}
	if err := h.Log(t.Context(), slog.LevelError, "by Log"); err != nil {
		t.Fatal(err)
	}
	rec = sink.Records()[1]
	if want := "github.com/slogship/slogship/handler_test.TestStackAndSource"; rec.Source.Function != want {
		t.Errorf("Log's caller is %q, want %q", rec.Source.Function, want)
	}
}

func TestMatchersSeeBoundAttributes(t *testing.T) {
	hit, all := memory.New(), memory.New()
	h, err := handler.New([]route.Route{
		{Name: "hit", To: hit, Direct: true, Match: route.All(route.Equals("http.status", 500), route.Equals("tenant", "a"))},
		{Name: "all", To: all, Direct: true},
	}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	l := slog.New(h).With("tenant", "a").WithGroup("http")
	l.Info("1", "status", 200)
	l.Info("2", "status", 500)
	slog.New(h).Info("3", slog.Group("http", "status", 500))
	if recs := hit.Records(); len(recs) != 1 || recs[0].Message != "2" {
		t.Errorf("matched %v", recs)
	}
	if n := len(all.Records()); n != 3 {
		t.Errorf("%d of 3 on the other route", n)
	}
}

// A panic in anything of the user's becomes data (T9, style 17).
func TestUserPanics(t *testing.T) {
	h, sink := open(t, true, &handler.Options{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "boom" {
				panic("replace")
			}
			return a
		},
		Context: []func(context.Context) []slog.Attr{func(context.Context) []slog.Attr { panic("context") }},
		Trace:   func(context.Context) encode.Trace { panic("trace") },
	})
	slog.New(h).Info("m", "boom", 1, "fine", 2)
	if recs := sink.Records(); len(recs) != 1 {
		t.Fatalf("%d records", len(recs))
	}
}
