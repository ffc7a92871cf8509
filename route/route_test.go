package route_test

import (
	"errors"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

func TestOnly(t *testing.T) {
	for _, c := range []struct {
		levels   []slog.Level
		contains []slog.Level
		not      []slog.Level
	}{
		{[]slog.Level{slog.LevelInfo}, []slog.Level{0, 1, 2, 3}, []slog.Level{-1, 4}},
		{[]slog.Level{route.LevelNotice}, []slog.Level{2, 3}, []slog.Level{1, 4}},
		{[]slog.Level{slog.LevelError, slog.LevelWarn}, []slog.Level{4, 7, 8, 12, 99}, []slog.Level{3}},
		{[]slog.Level{route.LevelFatal}, []slog.Level{12, 20}, []slog.Level{11}},
		{[]slog.Level{route.LevelTrace}, []slog.Level{-8, -5, -99}, []slog.Level{-4}},
		{[]slog.Level{slog.LevelDebug}, []slog.Level{-4, -1}, []slog.Level{-5, 0}},
		{nil, []slog.Level{-99, 0, 99}, nil},
	} {
		l := route.Only(c.levels...)
		for _, level := range c.contains {
			if !l.Contains(level) {
				t.Errorf("%v does not contain %d", l, level)
			}
		}
		for _, level := range c.not {
			if l.Contains(level) {
				t.Errorf("%v contains %d", l, level)
			}
		}
	}
}

func TestLevelsRoundTrip(t *testing.T) {
	for _, text := range []string{"all", "TRACE", "DEBUG,INFO", "NOTICE", "WARN,ERROR", "FATAL", ">=WARN", "<=INFO", ">=DEBUG,<=NOTICE", ">=WARN+1"} {
		l, err := route.ParseLevels(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		again, err := route.ParseLevels(l.String())
		if err != nil || again != l || l.String() != text {
			t.Errorf("%q prints as %q and reads back as %v, %v", text, l, again, err)
		}
	}
}

func TestParseLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{
		"trace": -8, "Debug": -4, "INFO": 0, "notice": 2, "warning": 4, "err": 8, "critical": 12,
		"INFO+1": 1, "ERROR-2": 6, "7": 7, "-3": -3, " warn ": 4,
	} {
		if got, err := route.ParseLevel(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "loud", "INFO+x", "+", "INFO+"} {
		var bad *route.LevelError
		if _, err := route.ParseLevel(text); !errors.As(err, &bad) || bad.Text != text {
			t.Errorf("%q: %v, want a LevelError that names it", text, err)
		}
	}
}

func TestDynamicLevels(t *testing.T) {
	var v slog.LevelVar
	l := route.AtLeast(&v)
	if l.Static() || !route.AtLeast(slog.LevelInfo).Static() {
		t.Error("a LevelVar can change, a Level can't")
	}
	if !l.Contains(slog.LevelInfo) {
		t.Error("INFO is not in >=INFO")
	}
	v.Set(slog.LevelError)
	if l.Contains(slog.LevelInfo) {
		t.Error("the change was not seen")
	}
}

func TestEnvironments(t *testing.T) {
	e := route.Environments{"production": {Routes: []route.Route{{Name: "a"}}}, "development": {Routes: []route.Route{{Name: "b"}}}}
	if routes, err := e.Routes("production"); err != nil || routes[0].Name != "a" {
		t.Errorf("%v, %v", routes, err)
	}
	var unknown *route.UnknownEnvironmentError
	if _, err := e.Routes("prod"); !errors.As(err, &unknown) || len(unknown.Known) != 2 || unknown.Known[0] != "development" {
		t.Errorf("%v does not list the known environments", err)
	}
}

func TestValidate(t *testing.T) {
	to := memory.New()
	ok := []route.Route{
		{Name: "a", To: to, DeadLetter: "b"}, {Name: "b", To: to, DeadLetter: "c"},
		{Name: "c", To: to, Durability: route.Interval(time.Second), Buffer: route.Buffer{Shed: []route.Shed{{UpTo: slog.LevelDebug, Room: 0.2}}}},
	}
	if err := route.Validate(ok); err != nil {
		t.Fatal(err)
	}
	for name, routes := range map[string][]route.Route{
		"no name":      {{To: to}},
		"bad name":     {{Name: "../x", To: to}},
		"case":         {{Name: "A", To: to}},
		"device":       {{Name: "com1", To: to}},
		"long name":    {{Name: string(make([]byte, 65)), To: to}},
		"twice":        {{Name: "a", To: to}, {Name: "a", To: to}},
		"no to":        {{Name: "a"}},
		"interval":     {{Name: "a", To: to, Durability: route.Interval(1)}},
		"small":        {{Name: "a", To: to, Buffer: route.Buffer{MaxBytes: 1}}},
		"room":         {{Name: "a", To: to, Buffer: route.Buffer{Shed: []route.Shed{{Room: 2}}}}},
		"multiplier":   {{Name: "a", To: to, Backoff: route.Backoff{Multiplier: 0.5}}},
		"negative age": {{Name: "a", To: to, MaxAge: -1}},
		"nil least":    {{Name: "a", To: to, Levels: route.AtLeast((*slog.LevelVar)(nil))}},
		"nil most":     {{Name: "a", To: to, Levels: route.Between(slog.LevelInfo, (*slog.LevelVar)(nil))}},
		"nil keep":     {{Name: "a", To: to, Buffer: route.Buffer{Keep: (*slog.LevelVar)(nil)}}},
		"unknown dead": {{Name: "a", To: to, DeadLetter: "z"}},
		"own dead":     {{Name: "a", To: to, DeadLetter: "a"}},
		"dead cycle":   {{Name: "a", To: to, DeadLetter: "b"}, {Name: "b", To: to, DeadLetter: "a"}},
	} {
		if err := route.Validate(routes); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// subject is a record for matchers.
type subject struct {
	message, scope string
	groups         []string
	attrs          map[string]slog.Value
	level          slog.Level
	pkg            string
	sampled        bool
}

func (s subject) Level() slog.Level                     { return s.level }
func (s subject) Package() string                       { return s.pkg }
func (s subject) Sampled() bool                         { return s.sampled }
func (s subject) Message() string                       { return s.message }
func (s subject) Scope() string                         { return s.scope }
func (s subject) Groups() []string                      { return s.groups }
func (s subject) Lookup(path string) (slog.Value, bool) { v, ok := s.attrs[path]; return v, ok }

func TestMatchers(t *testing.T) {
	s := subject{message: "disk is full", scope: "db.pool", groups: []string{"http"}, attrs: map[string]slog.Value{
		"n": slog.IntValue(5), "s": slog.StringValue("abc"), "f": slog.AnyValue(func() {}),
	}}
	for name, c := range map[string]struct {
		m    route.Matcher
		want bool
	}{
		"exists":        {route.Exists("n"), true},
		"missing":       {route.Exists("x"), false},
		"equals":        {route.Equals("n", 5), true},
		"one of":        {route.Equals("s", "x", "abc"), true},
		"other kind":    {route.Equals("n", "5"), false},
		"uncomparable":  {route.Equals("f", func() {}), false},
		"regexp":        {route.Regexp("s", regexp.MustCompile("^a.c$")), true},
		"message":       {route.Message("full"), true},
		"scope":         {route.Scope("db"), true},
		"scope, prefix": {route.Scope("d"), false},
		"group":         {route.Group("http"), true},
		"all":           {route.All(route.Exists("n"), route.Exists("x")), false},
		"all of none":   {route.All(), true},
		"any":           {route.Any(route.Exists("n"), route.Exists("x")), true},
		"any of none":   {route.Any(), false},
		"not":           {route.Not(route.Exists("x")), true},
	} {
		if got := c.m.Match(s); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLeast(t *testing.T) {
	var v slog.LevelVar
	for _, c := range []struct {
		levels route.Levels
		want   slog.Leveler
	}{
		{route.Levels{}, nil}, {route.Only(slog.LevelInfo), nil}, {route.AtLeast(&v), &v},
		{route.Between(slog.LevelInfo, &v), slog.LevelInfo},
	} {
		if got := c.levels.Least(); got != c.want {
			t.Errorf("%v: least %v, want %v", c.levels, got, c.want)
		}
	}
}
