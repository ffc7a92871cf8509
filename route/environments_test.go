package route_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// routesOf returns routes by their names; "a2" is another route called a.
func routesOf(names ...string) []route.Route {
	var out []route.Route
	for _, name := range names {
		out = append(out, route.Route{Name: name[:1], DrainRate: len(name)})
	}
	return out
}

func namesOf(routes []route.Route) string {
	var out []string
	for _, r := range routes {
		out = append(out, r.Name+strings.Repeat("2", r.DrainRate-1))
	}
	return strings.Join(out, " ")
}

func TestEnvironmentsInherit(t *testing.T) {
	e := route.Environments{
		"base":        {Abstract: true, Routes: routesOf("a", "b")},
		"production":  {Inherits: "base", Routes: routesOf("c")},
		"staging":     {Inherits: "production", Routes: routesOf("d", "b2"), Without: []string{"c"}},
		"test":        {Inherits: "staging", Without: []string{"a", "b", "d"}},
		"moved":       {Inherits: "base", Routes: routesOf("a2"), Without: []string{"a"}},
		"development": {Routes: routesOf("e")},
	}
	for name, want := range map[string]string{
		"production": "a b c", "staging": "a b2 d", "test": "", "development": "e", "moved": "b a2",
	} {
		routes, err := e.Routes(name)
		if got := namesOf(routes); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	if got := namesOf(e["base"].Routes); got != "a b" {
		t.Errorf("base has changed to %q", got)
	}
	want := []string{"development", "moved", "production", "staging", "test"}
	if got := e.Names(); !slices.Equal(got, want) {
		t.Errorf("names %q", got)
	}
	for _, name := range []string{"base", "prod", ""} {
		var unknown *route.UnknownEnvironmentError
		_, err := e.Routes(name)
		if !errors.As(err, &unknown) || !slices.Equal(unknown.Known, want) || !errors.Is(err, route.ErrInvalid) {
			t.Errorf("%q: %v does not list the known", name, err)
		}
	}
}

func TestBadEnvironments(t *testing.T) {
	for name, e := range map[string]route.Environments{
		"itself":          {"x": {Inherits: "x"}},
		"cycle":           {"x": {Inherits: "y"}, "y": {Inherits: "z"}, "z": {Inherits: "y"}},
		"unknown parent":  {"x": {Inherits: "y"}},
		"unknown without": {"x": {Inherits: "y", Without: []string{"b"}}, "y": {Routes: routesOf("a")}},
		"without nothing": {"x": {Without: []string{"a"}, Routes: routesOf("a")}},
		"parent is wrong": {"x": {Inherits: "y"}, "y": {Inherits: "z"}},
		"gone further up": {"x": {Inherits: "y", Without: []string{"a"}}, "y": {Inherits: "z", Without: []string{"a"}}, "z": {Routes: routesOf("a")}},
	} {
		_, err := e.Routes("x")
		var unknown *route.UnknownEnvironmentError
		if !errors.Is(err, route.ErrInvalid) || errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (route.Environments{}).Routes("x"); !errors.Is(err, route.ErrInvalid) {
		t.Errorf("none at all: %v", err)
	}
}

// Two routes of one name among an environment's own are a mistake that Validate
// finds, and not the one replacing the other.
func TestEnvironmentsValidate(t *testing.T) {
	to := memory.New()
	good := route.Environments{
		"base": {Abstract: true, Routes: []route.Route{{Name: "a", To: to}}},
		"x":    {Inherits: "base", Routes: []route.Route{{Name: "a", To: to}, {Name: "b", To: to}}},
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, e := range map[string]route.Environments{
		"twice":    {"x": {Routes: []route.Route{{Name: "a", To: to}, {Name: "a", To: to}}}},
		"no To":    {"x": {Routes: []route.Route{{Name: "a"}}}},
		"abstract": {"x": {}, "y": {Abstract: true, Inherits: "z"}},
	} {
		if err := e.Validate(); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One mistake that two inherit is one error.
	err := route.Environments{"a": {Inherits: "z"}, "b": {Inherits: "a"}, "c": {Inherits: "a"}}.Validate()
	several, ok := err.(interface{ Unwrap() []error })
	if !ok || len(several.Unwrap()) != 1 || !errors.Is(err, route.ErrInvalid) {
		t.Errorf("%v", err)
	}
}
