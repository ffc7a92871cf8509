package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// routed is a handler with a sink for each route.
type routed struct {
	*handler.Handler
	names []string
	sinks map[string]*memory.Sink
}

func openRoutes(t testing.TB, opts *handler.Options, routes ...route.Route) *routed {
	t.Helper()
	r := &routed{sinks: make(map[string]*memory.Sink)}
	for i := range routes {
		sink := memory.New()
		routes[i].To, routes[i].Direct = sink, true
		r.names = append(r.names, routes[i].Name)
		r.sinks[routes[i].Name] = sink
	}
	if opts == nil {
		opts = &handler.Options{}
	}
	opts.InMemory = true
	h, err := handler.New(routes, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Handler = h
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// took returns the names of the routes that took the records of a message, each
// as often as it took one.
func (r *routed) took(message string) string {
	var names []string
	for _, name := range r.names {
		for _, rec := range r.sinks[name].Records() {
			if rec.Message == message {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, " ")
}

func TestFinalAndFallback(t *testing.T) {
	var debug, warn slog.LevelVar
	debug.Set(slog.LevelDebug)
	warn.Set(slog.LevelWarn)
	isA := route.Equals("k", "a")
	never := route.MatchFunc(func(route.Subject) bool { return false })
	for name, c := range map[string]struct {
		routes []route.Route
		want   string // those that take an INFO with k=a
	}{
		"fan-out":                        {[]route.Route{{Name: "x"}, {Name: "y"}}, "x y"},
		"final":                          {[]route.Route{{Name: "x", Final: true}, {Name: "y"}}, "x"},
		"final, by matcher":              {[]route.Route{{Name: "x", Match: isA, Final: true}, {Name: "y"}}, "x"},
		"final that does not take it":    {[]route.Route{{Name: "x", Match: never, Final: true}, {Name: "y"}}, "y"},
		"final above its level":          {[]route.Route{{Name: "x", Levels: route.AtLeast(slog.LevelWarn), Final: true}, {Name: "y"}}, "y"},
		"final last":                     {[]route.Route{{Name: "x"}, {Name: "y", Final: true}}, "x y"},
		"final between":                  {[]route.Route{{Name: "x"}, {Name: "y", Final: true}, {Name: "z"}}, "x y"},
		"dynamic final":                  {[]route.Route{{Name: "x", Levels: route.AtLeast(&debug), Final: true}, {Name: "y"}}, "x"},
		"dynamic final above":            {[]route.Route{{Name: "x", Levels: route.AtLeast(&warn), Final: true}, {Name: "y"}}, "y"},
		"static final before dynamic":    {[]route.Route{{Name: "x", Final: true}, {Name: "y", Levels: route.AtLeast(&debug)}}, "x"},
		"dynamic before static final":    {[]route.Route{{Name: "y", Levels: route.AtLeast(&debug)}, {Name: "x", Final: true}, {Name: "z"}}, "y x"},
		"first":                          {route.First(route.Route{Name: "x", Match: never}, route.Route{Name: "y"}, route.Route{Name: "z"}), "y"},
		"fallback not needed":            {[]route.Route{{Name: "x"}, {Name: "y", Fallback: true}}, "x"},
		"fallback first in the list":     {[]route.Route{{Name: "y", Fallback: true}, {Name: "x"}}, "x"},
		"fallback needed":                {[]route.Route{{Name: "x", Match: never}, {Name: "y", Fallback: true}}, "y"},
		"fallback needed, first":         {[]route.Route{{Name: "y", Fallback: true}, {Name: "x", Match: never}}, "y"},
		"fallback by level":              {[]route.Route{{Name: "x", Levels: route.AtLeast(slog.LevelWarn)}, {Name: "y", Fallback: true}}, "y"},
		"fallback by dynamic level":      {[]route.Route{{Name: "x", Levels: route.AtLeast(&warn)}, {Name: "y", Fallback: true}}, "y"},
		"dynamic fallback":               {[]route.Route{{Name: "x", Match: never}, {Name: "y", Fallback: true, Levels: route.AtLeast(&debug)}}, "y"},
		"dynamic fallback above":         {[]route.Route{{Name: "x", Match: never}, {Name: "y", Fallback: true, Levels: route.AtLeast(&warn)}}, ""},
		"fallback with a matcher":        {[]route.Route{{Name: "x", Match: never}, {Name: "y", Fallback: true, Match: never}, {Name: "z", Fallback: true, Match: isA}}, "z"},
		"one fallback is enough":         {[]route.Route{{Name: "x", Match: never}, {Name: "y", Fallback: true}, {Name: "z", Fallback: true}}, "y"},
		"final and fallback":             {[]route.Route{{Name: "x", Fallback: true, Final: true}, {Name: "y", Match: isA}}, "y"},
		"final took it before fallback":  {[]route.Route{{Name: "x", Final: true}, {Name: "y", Match: never}, {Name: "z", Fallback: true}}, "x"},
		"only fallbacks":                 {[]route.Route{{Name: "x", Fallback: true}}, "x"},
		"index: three values, one final": {append(byValue("b", "a", "c"), route.Route{Name: "z"}), "v1 z"},
		"index: final before":            {append([]route.Route{{Name: "x", Final: true}}, byValue("b", "a", "c")...), "x"},
		"index: final in it":             {append(route.First(byValue("b", "a", "c")...), route.Route{Name: "z"}), "v1"},
		"index: none, and a fallback":    {append(byValue("b", "c", "d"), route.Route{Name: "z", Fallback: true}), "z"},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRoutes(t, nil, c.routes...)
			slog.New(r).Info("m", "k", "a")
			if got := r.took("m"); got != c.want {
				t.Errorf("taken by %q, want %q", got, c.want)
			}
		})
	}
}

// byValue are routes v0, v1, … that ask k for a value each, enough for an index.
func byValue(values ...string) []route.Route {
	var out []route.Route
	for i, v := range values {
		out = append(out, route.Route{Name: fmt.Sprintf("v%d", i), Match: route.Equals("k", v)})
	}
	return out
}

// A Final route has taken a record that its buffer has no room for.
func TestFinalIsNotAboutRoom(t *testing.T) {
	stuck := &slow{release: make(chan struct{})}
	rest := memory.New()
	h, err := handler.New([]route.Route{
		{Name: "stuck", To: stuck, Final: true, Buffer: route.Buffer{MaxBytes: 256 << 10, WhenFull: route.DropNewest}},
		{Name: "rest", To: rest, Direct: true},
	}, &handler.Options{InMemory: true, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	full := false
	for range 100 {
		err := h.Log(t.Context(), slog.LevelInfo, strings.Repeat("m", 16<<10))
		full = full || errors.Is(err, handler.ErrFull)
	}
	close(stuck.release)
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if !full || len(rest.Records()) != 0 {
		t.Errorf("full: %v; %d records went on", full, len(rest.Records()))
	}
}

// slow takes records once it is released.
type slow struct{ release chan struct{} }

func (s *slow) Open() (transport.Transport, error) { return s, nil }
func (*slow) Describe() transport.Description      { return transport.Description{} }
func (*slow) Close() error                         { return nil }
func (s *slow) Send(ctx context.Context, _ []encode.Record) error {
	select {
	case <-s.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A panic in a matcher takes the record, and Final holds for it.
func TestPanickingMatcherIsFinal(t *testing.T) {
	reported := 0
	r := openRoutes(t, &handler.Options{OnError: func(error) { reported++ }},
		route.Route{Name: "x", Final: true, Match: route.All(route.Exists("k"), route.Not(route.MatchFunc(func(route.Subject) bool { panic("matcher") })))},
		route.Route{Name: "y"})
	slog.New(r).Info("m", "k", 1)
	if got := r.took("m"); got != "x" || reported != 1 {
		t.Errorf("taken by %q, %d reports", got, reported)
	}
}

// The compiled matchers decide as the matchers do: random routes and records,
// compared with what Match says of a subject.
func TestCompiledMatchersAgree(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	var dynamic slog.LevelVar
	scopes, err := route.NewScopeLevels("db=INFO,WARN")
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		dynamic.Set([]slog.Level{slog.LevelInfo, slog.LevelError}[rng.IntN(2)])
		matchers := make([]route.Matcher, 1+rng.IntN(14))
		routes := make([]route.Route, len(matchers))
		witness := make([]route.Route, len(matchers))
		for i := range routes {
			matchers[i] = randomMatcher(rng, 2)
			routes[i] = route.Route{Name: fmt.Sprintf("r%d", i), Match: matchers[i], Final: rng.IntN(6) == 0, Fallback: rng.IntN(6) == 0}
			if rng.IntN(2) == 0 {
				routes[i].Levels = []route.Levels{route.PerScope(scopes), route.AtLeast(&dynamic), route.Only(slog.LevelWarn)}[rng.IntN(3)]
			}
			// The same, asked as the user's code is.
			witness[i] = routes[i]
			witness[i].Match = route.MatchFunc(matchers[i].Match)
		}
		trace := func(ctx context.Context) (t encode.Trace) {
			if ctx.Value(sampledKey{}) != nil {
				t.Flags = 1
			}
			return t
		}
		a := openRoutes(t, &handler.Options{Trace: trace}, routes...)
		b := openRoutes(t, &handler.Options{Trace: trace}, witness...)
		for i := range 30 {
			message := fmt.Sprintf("m%d", i)
			log := randomCall(rng, message)
			log(a.Handler)
			log(b.Handler)
			if got, want := a.took(message), b.took(message); got != want {
				t.Fatalf("seed %d: %v: taken by %q, want %q", seed, matchers, got, want)
			}
		}
	}
}

type sampledKey struct{}

var paths = []string{"k", "g.k", "tenant", "h.k", "n"}

var values = []any{"a", "b", "tenant-1", "tenant-2", 1, uint(2), -3, 2.5, true, time.Second, nil, "n"}

func randomMatcher(rng *rand.Rand, depth int) route.Matcher {
	path := paths[rng.IntN(len(paths))]
	value := func() any { return values[rng.IntN(len(values))] }
	kind := rng.IntN(14)
	if depth == 0 {
		kind = rng.IntN(9)
	}
	switch kind {
	case 0:
		return route.Exists(path)
	case 1:
		return route.Range(path, rng.IntN(3)-3, 2.5)
	case 2:
		return route.Group("g")
	case 3:
		return route.Scope("db")
	case 4:
		return route.Sampled()
	case 5:
		return route.Equals(path, value(), value())
	case 6:
		return route.Package("github.com/slogship/slogship")
	case 7, 8, 9:
		return route.Equals("k", value()) // often, for the index
	case 10:
		return route.Message("1")
	case 11:
		return route.Not(randomMatcher(rng, depth-1))
	case 12:
		return route.All(randomMatcher(rng, depth-1), randomMatcher(rng, depth-1))
	default:
		return route.Any(randomMatcher(rng, depth-1), randomMatcher(rng, depth-1))
	}
}

// randomCall returns a log call that can be made to any handler.
func randomCall(rng *rand.Rand, message string) func(*handler.Handler) {
	attr := func() any {
		a := slog.Any([]string{"k", "tenant", "n", ""}[rng.IntN(4)], values[rng.IntN(len(values))])
		switch rng.IntN(6) {
		case 0:
			return slog.Group([]string{"g", "h", ""}[rng.IntN(3)], a)
		case 1:
			a.Value = slog.AnyValue(shy{a.Value})
		case 2:
			a.Key = "g." + a.Key
		}
		return a
	}
	var attrs, bound, carried []any
	for range rng.IntN(9) {
		attrs = append(attrs, attr())
	}
	for range rng.IntN(3) {
		bound, carried = append(bound, attr()), append(carried, attr())
	}
	scope, group, sampled := []string{"", "db", "db.pool"}[rng.IntN(3)], rng.IntN(4) == 0, rng.IntN(2) == 0
	return func(h *handler.Handler) {
		ctx := context.Background()
		if sampled {
			ctx = context.WithValue(ctx, sampledKey{}, true)
		}
		for _, a := range carried {
			ctx = handler.With(ctx, a.(slog.Attr))
		}
		l := slog.New(h.WithScope(scope)).With(bound...)
		if group {
			l = l.WithGroup("g").With(bound...)
		}
		l.InfoContext(ctx, message, attrs...)
	}
}

type shy struct{ v slog.Value }

func (v shy) LogValue() slog.Value { return v.v }
