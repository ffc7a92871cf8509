package handler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/tcp"
)

// explained opens routes in memory and explains r.
func explained(t *testing.T, ctx context.Context, r slog.Record, opts *handler.Options, routes ...route.Route) handler.Explanation {
	t.Helper()
	o := handler.Options{InMemory: true, OnError: func(err error) { t.Errorf("OnError hears of it: %v", err) }}
	if opts != nil {
		o.Levels, o.Next = opts.Levels, opts.Next
	}
	for i := range routes {
		if routes[i].To == nil {
			routes[i].To = memory.New()
		}
	}
	h, err := handler.New(routes, &o)
	if err != nil {
		t.Fatal(err)
	}
	e := h.WithScope("db").Explain(ctx, r)
	if err := h.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for _, s := range h.Stats().Routes {
		if s.Logged != 0 || s.Dropped.Total() != 0 {
			t.Errorf("route %s counts %d logged, %d dropped", s.Name, s.Logged, s.Dropped.Total())
		}
	}
	return e
}

// why returns what an explanation says of each route, + or - and the reason.
func why(e handler.Explanation) map[string]string {
	out := make(map[string]string)
	for _, r := range e.Routes {
		out[r.Route] = map[bool]string{true: "+ ", false: "- "}[r.Taken] + r.Why
	}
	return out
}

func TestExplainWhy(t *testing.T) {
	scopes, err := route.NewScopeLevels("db=WARN,DEBUG")
	if err != nil {
		t.Fatal(err)
	}
	isA := route.Equals("tenant", "a")
	for name, c := range map[string]struct {
		routes []route.Route
		opts   *handler.Options
		want   map[string]string
	}{
		"levels": {[]route.Route{{Name: "x", Levels: route.AtLeast(slog.LevelWarn)}, {Name: "y", Levels: route.Only(slog.LevelInfo)}, {Name: "z"}}, nil,
			map[string]string{"x": "- INFO is not in >=WARN", "y": "+ INFO is in INFO", "z": "+ INFO is in all"}},
		"scopes": {[]route.Route{{Name: "x"}, {Name: "y", Levels: route.Only(slog.LevelInfo)}}, &handler.Options{Levels: scopes},
			map[string]string{"x": "- INFO is not in >=WARN, the level of scope db", "y": "+ INFO is in INFO"}},
		"matchers": {[]route.Route{
			{Name: "x", Match: route.All(isA, route.Range("status", 500, 599))},
			{Name: "y", Match: route.All(isA, route.All(route.Exists("tenant"), route.Equals("nope", 1)))},
			{Name: "z", Match: route.Any(route.Scope("http"), route.Not(isA))}, {Name: "v", Match: isA}}, nil,
			map[string]string{
				"x": "- 500 <= status <= 599 does not hold", "y": "- nope = 1 does not hold: there is no nope",
				"z": `- scope http or not (tenant = "a") does not hold`, "v": `+ INFO is in all; tenant = "a"`}},
		"final": {[]route.Route{{Name: "x", Final: true, Match: isA}, {Name: "y"}}, nil,
			map[string]string{"x": `+ INFO is in all; tenant = "a"`, "y": "- x took it and is final"}},
		"fallback": {[]route.Route{{Name: "y", Fallback: true}, {Name: "x"}}, nil,
			map[string]string{"x": "+ INFO is in all", "y": "- x took it, and this is a fallback"}},
		"needed": {[]route.Route{{Name: "y", Fallback: true}, {Name: "x", Levels: route.AtLeast(slog.LevelError)}}, nil,
			map[string]string{"x": "- INFO is not in >=ERROR", "y": "+ INFO is in all; no other route took it"}},
		"feedback": {[]route.Route{{Name: "own"}, {Name: "x"}}, nil,
			map[string]string{"own": "- it is logged by this route's own delivery, which it would feed", "x": "+ INFO is in all"}},
		"client": {[]route.Route{{Name: "x", To: client{}}}, nil,
			map[string]string{"x": "- it is logged by the client library of this route's transport, which it would feed"}},
		"debug on error": {[]route.Route{{Name: "x", Levels: route.AtLeast(slog.LevelWarn), DebugOnError: route.DebugOnError{From: slog.LevelDebug}}}, nil,
			map[string]string{"x": "- INFO is not in >=WARN; kept in memory and sent if its request logs an error (DebugOnError)"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecord("served", slog.String("tenant", "a"), slog.Int("status", 200))
			e := explained(t, deliver.WithRoute(t.Context(), "own"), r, c.opts, c.routes...)
			got := why(e)
			for route, want := range c.want {
				if got[route] != want {
					t.Errorf("%s: %q, want %q", route, got[route], want)
				}
			}
			for i, r := range e.Routes {
				if r.Route != c.routes[i].Name {
					t.Errorf("route %d is %s, want the order of the routes", i, r.Route)
				}
				if r.Taken == (len(r.Preview) == 0) || r.Err != nil {
					t.Errorf("%s: taken %v, preview %q, %v", r.Route, r.Taken, r.Preview, r.Err)
				}
			}
		})
	}
}

// newRecord is a record of this function's caller.
func newRecord(message string, attrs ...slog.Attr) slog.Record {
	var r slog.Record
	l := slog.New(catcher{&r})
	l.LogAttrs(context.Background(), slog.LevelInfo, message, attrs...)
	r.Time = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	return r
}

// catcher keeps the record that it gets.
type catcher struct{ r *slog.Record }

func (catcher) Enabled(context.Context, slog.Level) bool { return true }
func (c catcher) Handle(_ context.Context, r slog.Record) error {
	*c.r = r.Clone()
	return nil
}
func (c catcher) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c catcher) WithGroup(string) slog.Handler      { return c }

// client is a destination whose client library is this package.
type client struct{ null }

func (client) Open() (transport.Transport, error) { return client{}, nil }
func (client) ImportPaths() []string              { return []string{"github.com/slogship/slogship/handler_test"} }

// What a route says in Explain is what it does.
func TestExplainAgrees(t *testing.T) {
	r := openRoutes(t, nil,
		route.Route{Name: "a", Match: route.Equals("k", 1)}, route.Route{Name: "f", Fallback: true},
		route.Route{Name: "b", Levels: route.AtLeast(slog.LevelWarn), Final: true}, route.Route{Name: "c", Match: route.Exists("k")})
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		for k := range 3 {
			rec := newRecord(level.String()+strings.Repeat("k", k), slog.Int("k", k))
			if k == 2 {
				rec = newRecord(level.String() + "none")
			}
			rec.Level = level
			var taken []string
			for _, one := range r.Explain(t.Context(), rec).Routes {
				if one.Taken {
					taken = append(taken, one.Route)
				}
			}
			if err := r.Handle(t.Context(), rec); err != nil {
				t.Error(err)
			}
			if got, want := strings.Join(taken, " "), r.took(rec.Message); got != want {
				t.Errorf("%s: explained as %q, taken by %q", rec.Message, got, want)
			}
		}
	}
}

// Policies are named and not asked: the one record that a limit allows is still
// there for the record itself.
func TestExplainUsesNothingUp(t *testing.T) {
	r := openRoutes(t, nil, route.Route{
		Name: "a", Limit: route.Limit{PerSecond: 1.0 / 3600, Burst: 1, Key: "k"},
		Sample: route.Sample{First: 1, Every: 10}, Dedupe: route.Dedupe{Window: time.Minute},
	})
	rec := newRecord("m", slog.Int("k", 1))
	for range 3 {
		one := r.Explain(t.Context(), rec).Routes[0]
		if !one.Taken || len(one.Policies) != 3 {
			t.Errorf("taken %v, policies %q", one.Taken, one.Policies)
		}
	}
	if err := r.Handle(t.Context(), rec); err != nil {
		t.Error(err)
	}
	if s := r.Stats().Routes[0]; s.Delivered != 1 || s.Logged != 1 {
		t.Errorf("%+v", s)
	}
}

// A matcher that panics is told of in the explanation, and nowhere else.
func TestExplainContains(t *testing.T) {
	e := explained(t, t.Context(), newRecord("m"), nil,
		route.Route{Name: "a", Match: route.MatchFunc(func(route.Subject) bool { panic("matcher") })},
		route.Route{Name: "b", To: unshowable{}})
	if r := e.Routes[0]; !r.Taken || r.Err == nil || len(r.Preview) == 0 {
		t.Errorf("%+v", r)
	}
	if r := e.Routes[1]; !r.Taken || !errors.Is(r.Err, errPreview) {
		t.Errorf("%+v", r)
	}
}

var errPreview = errors.New("this record can't be shown")

// unshowable describes and previews badly.
type unshowable struct{ null }

func (unshowable) String() string                         { panic("String") }
func (unshowable) Open() (transport.Transport, error)     { return unshowable{}, nil }
func (unshowable) Preview(*encode.Record) ([]byte, error) { return nil, errPreview }

func TestExplanationString(t *testing.T) {
	e := explained(t, t.Context(), newRecord("served", slog.String("tenant", "a")), &handler.Options{Next: nothing{}},
		route.Route{Name: "collector", To: tcp.Destination{Addr: "127.0.0.1:5170"}, Levels: route.AtLeast(slog.LevelInfo), Match: route.Equals("tenant", "a"),
			Sample: route.Sample{Share: 0.1}, Limit: route.Limit{PerSecond: 5, Key: "tenant"}},
		route.Route{Name: "web", To: https.Destination{URL: "https://127.0.0.1/logs?token=hush"}, Levels: route.AtLeast(slog.LevelError)},
		route.Route{Name: "console", To: console.Destination{Writer: new(bytes.Buffer), Encoder: encode.Text{}}})
	e.Routes[0].Preview = []byte(`{"msg":"served"}` + "\n") // it has an id of its own each time
	e.Routes[2].Preview = []byte("10:00 served\n  at main\n")
	const want = `INFO "served" of db
+ collector  INFO is in >=INFO; tenant = "a"
             unless Sample leaves it out
             unless Limit had 5 a second of one tenant before it
             to tcp 127.0.0.1:5170
             {"msg":"served"}
- web        INFO is not in >=ERROR
+ console    INFO is in all
             to console
             10:00 served
               at main
+            Options.Next is enabled for it
`
	if got := e.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(e.Routes[1].Destination, "hush") {
		t.Errorf("S10: a token in %q", e.Routes[1].Destination)
	}
	e.Routes[0].Preview = []byte("\x1b[2J\x80\x02}q")
	if strings.Contains(e.String(), "\x1b") {
		t.Error("S1: a preview's bytes reach the terminal as they are")
	}
}

// What a preview shows is what arrives, but for the id.
func TestExplainPreview(t *testing.T) {
	var out bytes.Buffer
	enc := encode.Logfmt{}
	h, err := handler.New([]route.Route{{Name: "a", To: console.Destination{Writer: &out, Encoder: enc}, Direct: true}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	l := h.WithAttrs([]slog.Attr{slog.Int("bound", 1)}).(*handler.Handler)
	rec := newRecord("served", slog.Any("err", errPreview), slog.Any("shy", shy{slog.IntValue(4)}))
	shown := l.Explain(t.Context(), rec).Routes[0].Preview
	if err := l.Handle(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if got, want := withoutID(out.String()), withoutID(string(shown)); got != want || !strings.Contains(got, "bound=1") {
		t.Errorf("arrived %q, shown %q", got, want)
	}
}

func withoutID(line string) string {
	var out []string
	for _, field := range strings.Fields(line) {
		if !strings.HasPrefix(field, "log_id=") {
			out = append(out, field)
		}
	}
	return strings.Join(out, " ")
}
