package route

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environments are the routes of each environment that a program may run in,
// by its name: "development", "production".
//
//	var logging = route.Environments{
//		"base":       {Abstract: true, Routes: []route.Route{audit}},
//		"production": {Inherits: "base", Routes: []route.Route{collector}},
//		"staging":    {Inherits: "production", Without: []string{"audit"}},
//	}
type Environments map[string]Environment

// Environment is what one environment has of its own and what it takes over.
type Environment struct {
	// Inherits names the environment whose routes this one has as well. Those
	// come first, in their order; one that Routes has a route of the same name
	// for is replaced by it in its place. "": none.
	Inherits string

	// Routes are its own.
	Routes []Route

	// Without names routes of Inherits that this one does not have. Default: none.
	Without []string

	// Abstract says that it is there to be inherited from. It can't be chosen.
	Abstract bool
}

// UnknownEnvironmentError says that Routes was asked for an environment that
// does not exist, or is abstract. It wraps ErrInvalid.
type UnknownEnvironmentError struct {
	Name  string
	Known []string // those that can be chosen, sorted
}

func (e *UnknownEnvironmentError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("route: environment %q: there are none", e.Name)
	}
	return fmt.Sprintf("route: environment %q: want one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Unwrap returns ErrInvalid.
func (e *UnknownEnvironmentError) Unwrap() error { return ErrInvalid }

// Names returns the names of those that can be chosen, sorted.
func (e Environments) Names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(e)), func(name string) bool { return e[name].Abstract })
}

// Routes returns the routes of the environment of this name, also those that it
// inherits. The error is an *UnknownEnvironmentError, or wraps ErrInvalid if
// what it inherits is wrong. Which one it is, the caller says; reading it from
// the process's environment is one line of theirs.
func (e Environments) Routes(name string) ([]Route, error) {
	if one, ok := e[name]; !ok || one.Abstract {
		return nil, &UnknownEnvironmentError{Name: name, Known: e.Names()}
	}
	return e.resolve(name, nil)
}

// Validate checks all environments, not only the one that this process runs
// in, for a test to call: a mistake in production's routes is then found where
// it is made. It returns all errors together, each wrapping ErrInvalid.
func (e Environments) Validate() error {
	var errs []error
	said := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(e)) {
		routes, err := e.resolve(name, nil)
		if err != nil {
			// It names the environment that is wrong, once for all that inherit from it.
			if !said[err.Error()] {
				errs = append(errs, err)
			}
			said[err.Error()] = true
			continue
		}
		if err := Validate(routes); err != nil {
			errs = append(errs, fmt.Errorf("route: environment %q: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// resolve returns the routes of name. heirs are the environments that inherit
// from it, the one that was asked for first.
func (e Environments) resolve(name string, heirs []string) ([]Route, error) {
	one := e[name]
	if slices.Contains(heirs, name) {
		return nil, fmt.Errorf("route: environment %q: Inherits %s: want no cycle: %w",
			heirs[0], strings.Join(append(heirs[1:], name), ", which inherits "), ErrInvalid)
	}
	if one.Inherits == "" {
		if len(one.Without) > 0 {
			return nil, badWithout(name, one.Without[0], "nothing, as it inherits nothing")
		}
		return slices.Clone(one.Routes), nil
	}
	if _, ok := e[one.Inherits]; !ok {
		others := slices.DeleteFunc(slices.Sorted(maps.Keys(e)), func(other string) bool { return other == name })
		return nil, fmt.Errorf("route: environment %q: Inherits %q: want one of %s: %w",
			name, one.Inherits, strings.Join(others, ", "), ErrInvalid)
	}
	inherited, err := e.resolve(one.Inherits, append(heirs, name))
	if err != nil {
		return nil, err
	}
	return one.over(name, inherited)
}

// over puts the environment's own routes over the inherited ones.
func (one Environment) over(name string, inherited []Route) ([]Route, error) {
	var names []string
	for _, r := range inherited {
		names = append(names, r.Name)
	}
	for _, out := range one.Without {
		if !slices.Contains(names, out) {
			return nil, badWithout(name, out, "one of "+strings.Join(names, ", "))
		}
	}
	routes := slices.DeleteFunc(inherited, func(r Route) bool { return slices.Contains(one.Without, r.Name) })
	inheritedLeft := len(routes)
	for _, r := range one.Routes {
		// Only among the inherited: two of one name of its own are a mistake,
		// which New reports.
		i := slices.IndexFunc(routes[:inheritedLeft], func(old Route) bool { return old.Name == r.Name })
		if i >= 0 {
			routes[i] = r
			continue
		}
		routes = append(routes, r)
	}
	return routes, nil
}

func badWithout(environment, route, allowed string) error {
	return fmt.Errorf("route: environment %q: Without %q: want %s: %w", environment, route, allowed, ErrInvalid)
}
