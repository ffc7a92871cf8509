package handler_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// counted says how often it was resolved.
type counted struct {
	n *int
	v string
}

func (c counted) LogValue() slog.Value { *c.n++; return slog.StringValue(c.v) }

// A LogValuer is resolved only when a matcher asks for its path, and once for all
// of them.
func TestMatchersResolveWhatTheyAsk(t *testing.T) {
	no := route.Exists("nothing")
	warn, err := route.NewScopeLevels("WARN")
	if err != nil {
		t.Fatal(err)
	}
	high := new(slog.LevelVar)
	high.Set(slog.LevelError)
	for name, c := range map[string]struct {
		routes     []route.Route
		asked, not int
	}{
		"one":               {[]route.Route{{Name: "a", Match: route.Equals("asked", "x")}}, 1, 0},
		"ten, one path":     {tenOn("asked"), 1, 0},
		"two kinds":         {[]route.Route{{Name: "a", Match: route.Equals("asked", "x")}, {Name: "b", Match: route.All(route.Exists("asked"), no)}}, 1, 0},
		"decided before":    {[]route.Route{{Name: "a", Match: route.All(no, route.Equals("asked", "x"))}}, 0, 0},
		"level before":      {[]route.Route{{Name: "a", Levels: route.AtLeast(slog.LevelError), Match: route.Equals("asked", "x")}, {Name: "b", Match: no}}, 0, 0},
		"levels by scope":   {withLevels(route.PerScope(warn), tenOn("asked")), 0, 0},
		"one has the level": {append(withLevels(route.AtLeast(high), tenOn("asked")), route.Route{Name: "z", Match: route.Equals("asked", "x")}), 1, 0},
		"dynamic level":     {[]route.Route{{Name: "a", Levels: route.AtLeast(new(slog.LevelVar)), Match: route.Equals("asked", "x")}, {Name: "b", Match: no}}, 1, 0},
		"neither":           {[]route.Route{{Name: "a", Match: no}}, 0, 0},
		"without a matcher": {[]route.Route{{Name: "a", Levels: route.AtLeast(slog.LevelError)}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRoutes(t, nil, c.routes...)
			var asked, not int
			slog.New(r).Info("m", "asked", counted{&asked, "y"}, "not", counted{&not, "y"})
			if r.took("m") != "" {
				t.Fatal("a route takes the record and resolves it")
			}
			if asked != c.asked || not != c.not {
				t.Errorf("resolved %d times and the other %d, want %d and %d", asked, not, c.asked, c.not)
			}
		})
	}
}

// tenOn are ten routes that ask path for a value.
func tenOn(path string) []route.Route {
	var out []route.Route
	for i := range 10 {
		out = append(out, route.Route{Name: fmt.Sprintf("r%d", i), Match: route.Equals(path, fmt.Sprintf("tenant-%d", i))})
	}
	return out
}

func withLevels(levels route.Levels, routes []route.Route) []route.Route {
	for i := range routes {
		routes[i].Levels = levels
	}
	return routes
}

// A final route before the first that asks keeps the index from asking.
func TestIndexAsksInItsPlace(t *testing.T) {
	for final, want := range map[bool]int{true: 0, false: 1} {
		r := openRoutes(t, nil, append([]route.Route{{Name: "first", Final: final, Match: route.Message("m")}}, tenOn("k")...)...)
		n := 0
		slog.New(r).Info("other", "k", counted{&n, "tenant-3"})
		if got := r.took("other"); got != "r3" {
			t.Errorf("taken by %q", got)
		}
		if n < 1 { // once to match, once to encode
			t.Error("not asked at all")
		}
		n = 0
		h := r.WithAttrs(nil)
		if err := h.Handle(context.Background(), record("m", slog.Any("k", counted{&n, "x"}))); err != nil {
			t.Error(err)
		}
		if n-1 != want { // encoding resolves it as well
			t.Errorf("first is final %v: asked %d times", final, n-1)
		}
	}
}

func record(message string, attrs ...slog.Attr) slog.Record {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
	r.AddAttrs(attrs...)
	return r
}

// Of several attributes with one path the last counts, also where their keys
// only look alike: the same length and the same end.
func TestLookupTakesTheLast(t *testing.T) {
	for name, c := range map[string]struct {
		log  func(l *slog.Logger)
		want string
	}{
		"twice":             {func(l *slog.Logger) { l.Info("m", "k", "v0", "k", "v1") }, "v1"},
		"alike":             {func(l *slog.Logger) { l.Info("m", "tenant", "v2", "xxxxnt", "v1", "other!", "v0") }, "v2"},
		"alike only":        {func(l *slog.Logger) { l.Info("m", "xxxxnt", "v1") }, ""},
		"bound":             {func(l *slog.Logger) { l.With("k", "v0").With("k", "v2").Info("m") }, "v2"},
		"record over bound": {func(l *slog.Logger) { l.With("k", "v0").Info("m", "k", "v1") }, "v1"},
		"bound over ctx": {func(l *slog.Logger) {
			l.With("k", "v0").InfoContext(handler.With(context.Background(), slog.String("k", "v1")), "m")
		}, "v0"},
		"ctx":               {func(l *slog.Logger) { l.InfoContext(handler.With(context.Background(), slog.String("k", "v1")), "m") }, "v1"},
		"in a group":        {func(l *slog.Logger) { l.WithGroup("g").Info("m", "k", "v1") }, "g1"},
		"a group's member":  {func(l *slog.Logger) { l.Info("m", slog.Group("g", "k", "v1")) }, "g1"},
		"a key with a dot":  {func(l *slog.Logger) { l.Info("m", "g.k", "v1") }, "g1"},
		"an inlined group":  {func(l *slog.Logger) { l.Info("m", slog.Group("", "k", "v1")) }, "v1"},
		"bound in a group":  {func(l *slog.Logger) { l.WithGroup("g").With("k", "v1").WithGroup("h").Info("m") }, "g1"},
		"not in this group": {func(l *slog.Logger) { l.WithGroup("h").Info("m", "k", "v1") }, ""},
		"from Options": {func(l *slog.Logger) {
			l.InfoContext(context.WithValue(context.Background(), sampledKey{}, true), "m")
		}, "v2"},
	} {
		t.Run(name, func(t *testing.T) {
			var routes []route.Route
			for _, v := range []string{"0", "1", "2"} {
				routes = append(routes,
					route.Route{Name: "v" + v, Match: route.Any(route.Equals("k", "v"+v), route.Equals("tenant", "v"+v))},
					route.Route{Name: "g" + v, Match: route.Equals("g.k", "v"+v)})
			}
			r := openRoutes(t, &handler.Options{Context: []func(context.Context) []slog.Attr{func(ctx context.Context) []slog.Attr {
				if ctx.Value(sampledKey{}) == nil {
					return nil
				}
				return []slog.Attr{slog.String("k", "v2")}
			}}}, routes...)
			c.log(slog.New(r))
			if got := r.took("m"); got != c.want {
				t.Errorf("taken by %q, want %q", got, c.want)
			}
		})
	}
}

// Attributes that Options.Context brings are made once, whoever asks for them,
// and are in the record.
func TestContextIsAskedOnce(t *testing.T) {
	n := 0
	opts := &handler.Options{Context: []func(context.Context) []slog.Attr{func(context.Context) []slog.Attr {
		n++
		return []slog.Attr{slog.Int("k", 1)}
	}}}
	r := openRoutes(t, opts, route.Route{Name: "a", Match: route.Exists("x")}, route.Route{Name: "b", Match: route.Exists("k")},
		route.Route{Name: "c", Match: route.Exists("y")}, route.Route{Name: "d"})
	slog.New(r).Info("m")
	if got := r.took("m"); got != "b d" || n != 1 {
		t.Errorf("taken by %q, asked %d times", got, n)
	}
	if attrs := r.sinks["d"].Records()[0].Attrs; len(attrs) != 1 || attrs[0].Key != "k" {
		t.Errorf("attributes %v", attrs)
	}
}

// Routing allocates nothing, with an index and without, and whatever takes it.
func TestRoutingAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	levels, err := route.NewScopeLevels("db=DEBUG,INFO")
	if err != nil {
		t.Fatal(err)
	}
	mixed := []route.Route{
		{Name: "exists", Match: route.All(route.Exists("status"), route.Range("status", 500, 599))},
		{Name: "any", Match: route.Any(route.Equals("tenant", "x", "y"), route.Scope("db"), route.Message("zzz"), route.Sampled())},
		{Name: "package", Match: route.Not(route.Package("github.com")), Levels: route.AtLeast(new(slog.LevelVar))},
		{Name: "final", Match: route.Equals("tenant", "tenant-7"), Final: true},
		{Name: "rest", Fallback: true},
	}
	for name, routes := range map[string][]route.Route{"index": tenOn("tenant"), "mixed": mixed} {
		for i := range routes {
			routes[i].To = null{}
		}
		h, err := handler.New(routes, &handler.Options{Dir: t.TempDir(), Levels: levels})
		if err != nil {
			t.Fatal(err)
		}
		ctx := handler.With(t.Context(), slog.String("request", "r1"))
		l := slog.New(h.WithScope("db.pool")).With("service", "x")
		for _, tenant := range []string{"tenant-7", "tenant-77"} {
			log := func() {
				l.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("a", "b"), slog.Int("status", 503), slog.String("tenant", tenant))
			}
			log()
			if n := testing.AllocsPerRun(1000, log); n >= 1 {
				t.Errorf("%s, %s: %v allocations a call", name, tenant, n)
			}
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
