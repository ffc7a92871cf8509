package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// Options.Levels are the levels of routes without their own, by scope, now.
func TestOptionsLevels(t *testing.T) {
	levels, err := route.NewScopeLevels("db=DEBUG,WARN")
	if err != nil {
		t.Fatal(err)
	}
	r := openRoutes(t, &handler.Options{Levels: levels},
		route.Route{Name: "default"}, route.Route{Name: "own", Levels: route.AtLeast(slog.LevelError)})
	ctx := t.Context()
	expect := func(scope string, level slog.Level, want string) {
		t.Helper()
		h := r.WithScope(scope)
		message := fmt.Sprint(scope, level, levels)
		if h.Enabled(ctx, level) != (want != "") {
			t.Errorf("%s, %q, %v: Enabled %v", levels, scope, level, want == "")
		}
		if err := h.Log(ctx, level, message); err != nil {
			t.Error(err)
		}
		if got := r.took(message); got != want {
			t.Errorf("%s, %q, %v: taken by %q, want %q", levels, scope, level, got, want)
		}
	}
	expect("", slog.LevelInfo, "")
	expect("", slog.LevelWarn, "default")
	expect("db.pool", slog.LevelDebug, "default")
	expect("db.pool", slog.LevelDebug-1, "")
	expect("db", slog.LevelError, "default own")
	if err := r.SetLevels("db.pool=ERROR,DEBUG"); err != nil {
		t.Fatal(err)
	}
	expect("db.pool", slog.LevelDebug, "")
	expect("db", slog.LevelDebug, "default")
	expect("", slog.LevelDebug, "default")
	if levels.String() != "db.pool=ERROR,DEBUG" {
		t.Errorf("SetLevels did not set the caller's: %s", levels)
	}
	for _, outside := range []slog.Level{-100, 100} { // of the table
		expect("", outside, map[bool]string{true: "default own"}[outside > 0])
	}
}

// Without Options.Levels routes take everything, until SetLevels says otherwise,
// also of loggers that were made before.
func TestSetLevels(t *testing.T) {
	r := openRoutes(t, nil, route.Route{Name: "default"}, route.Route{Name: "own", Levels: route.AtLeast(route.LevelTrace)})
	l := slog.New(r.WithScope("db")).With("a", 1)
	l.Debug("before")
	if err := r.SetLevels("db=ERROR,INFO"); err != nil {
		t.Fatal(err)
	}
	l.Debug("after")
	l.Error("after, error")
	slog.New(r).Info("after, other scope")
	for message, want := range map[string]string{
		"before": "default own", "after": "own", "after, error": "default own", "after, other scope": "default own",
	} {
		if got := r.took(message); got != want {
			t.Errorf("%s: taken by %q, want %q", message, got, want)
		}
	}
	if err := r.SetLevels("db=loud"); !errors.Is(err, route.ErrInvalid) {
		t.Errorf("%v", err)
	}
	l.Info("after an error")
	if got := r.took("after an error"); got != "own" {
		t.Errorf("after an error: taken by %q", got)
	}
}

// A logger that has looked its scope up finds it anew where another table has
// other levels.
func TestSetLevelsIsANewTable(t *testing.T) {
	own, err := route.NewScopeLevels("db=DEBUG,ERROR")
	if err != nil {
		t.Fatal(err)
	}
	r := openRoutes(t, nil, route.Route{Name: "default"}, route.Route{Name: "own", Levels: route.PerScope(own)})
	l := slog.New(r.WithScope("db"))
	l.Debug("before")
	if err := r.SetLevels("db=WARN,DEBUG"); err != nil {
		t.Fatal(err)
	}
	l.Debug("after")
	slog.New(r).Debug("other scope")
	for message, want := range map[string]string{"before": "default own", "after": "own", "other scope": "default"} {
		if got := r.took(message); got != want {
			t.Errorf("%s: taken by %q, want %q", message, got, want)
		}
	}
}

// Two sets of levels in one handler are told apart.
func TestPerScopeOfTheirOwn(t *testing.T) {
	one, _ := route.NewScopeLevels("db=DEBUG,ERROR")
	two, _ := route.NewScopeLevels("db=ERROR,DEBUG")
	r := openRoutes(t, nil, route.Route{Name: "one", Levels: route.PerScope(one)}, route.Route{Name: "two", Levels: route.PerScope(two)})
	slog.New(r.WithScope("db")).Info("db")
	slog.New(r).Info("other")
	if r.took("db") != "one" || r.took("other") != "two" {
		t.Errorf("taken by %q and %q", r.took("db"), r.took("other"))
	}
}

// SetLevels, with and without a new table, while calls run: none is lost to
// a route with levels of its own, and the last levels are in force.
func TestSetLevelsUnderLoad(t *testing.T) {
	r := openRoutes(t, nil, append([]route.Route{{Name: "default"}, {Name: "own", Levels: route.AtLeast(route.LevelTrace)}}, byValue("a", "b", "c")...)...)
	const calls = 500
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			l := slog.New(r.WithScope("db")).With("k", "b")
			for i := range calls {
				l.LogAttrs(context.Background(), slog.LevelInfo, fmt.Sprintf("%d/%d", g, i))
			}
		})
	}
	for i := range 200 {
		if err := r.SetLevels([]string{"db=DEBUG", "db=ERROR"}[i%2]); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	if own := len(r.sinks["own"].Records()); own != 4*calls {
		t.Errorf("%d of %d records", own, 4*calls)
	}
	if err := r.SetLevels("ERROR"); err != nil {
		t.Fatal(err)
	}
	slog.New(r.WithScope("db")).Info("last", "k", "b")
	if got := r.took("last"); got != "own" {
		t.Errorf("the last levels are not in force: taken by %q", got)
	}
}
