package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// mutant is one seeded bug: a text in one file that is replaced by another, and
// the tests, of the file's own package, of which one has to fail.
type mutant struct {
	name string
	file string // from the root of the module
	old  string // found exactly once in file
	new  string
	run  string // names of tests, divided by "|"; a subtest's after a "/"
	tags string // as go test's -tags
}

// by returns the tests that have to notice.
func (m *mutant) by() tests {
	run, sub, _ := strings.Cut(m.run, "/")
	t := tests{pkg: path.Dir(m.file), run: "^(" + run + ")$", tags: m.tags}
	if sub != "" {
		t.run += "/" + sub
	}
	return t
}

// tests are a selection of one package's tests.
type tests struct {
	pkg  string // from the root of the module
	run  string // as go test's -run
	tags string
}

var errStale = errors.New("the old text is not there exactly once")

// apply returns the broken source. A text that is gone or has a twin is an
// error and not a mutant that does nothing: the list must follow the code.
func (m *mutant) apply(source string) (string, error) {
	if n := strings.Count(source, m.old); n != 1 {
		return "", fmt.Errorf("mutants: apply %q to %q: found %d times: %w", m.name, m.file, n, errStale)
	}
	return strings.Replace(source, m.old, m.new, 1), nil
}
