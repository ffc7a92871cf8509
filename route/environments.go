package route

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environments are the routes of each environment that a program may run in,
// by its name: "development", "production". Common routes are shared with the
// language's own means (append, a function).
type Environments map[string][]Route

// UnknownEnvironmentError says that Routes was asked for an environment that
// does not exist.
type UnknownEnvironmentError struct {
	Name  string
	Known []string // sorted
}

func (e *UnknownEnvironmentError) Error() string {
	return fmt.Sprintf("route: environment %q: want one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Routes returns the routes of the environment of this name. The error is an
// *UnknownEnvironmentError. Which one it is, the caller says; reading it from
// the process's environment is one line of theirs.
func (e Environments) Routes(name string) ([]Route, error) {
	routes, ok := e[name]
	if !ok {
		return nil, &UnknownEnvironmentError{Name: name, Known: slices.Sorted(maps.Keys(e))}
	}
	return slices.Clone(routes), nil
}
