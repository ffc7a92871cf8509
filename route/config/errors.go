package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What an [Error] is about: one of these is in its chain.
var (
	ErrSyntax     = errors.New("not well-formed")          // neither YAML nor JSON
	ErrUnknownKey = errors.New("unknown key")              // Near and Allowed say what was meant
	ErrDuplicate  = errors.New("given twice")              // a key, or the name of a route
	ErrRequired   = errors.New("missing")                  // a key that has to be there
	ErrValue      = errors.New("not valid")                // the value of a known key
	ErrVariable   = errors.New("no value for a reference") // ${NAME} or ${file:…}
	ErrCycle      = errors.New("leads back to itself")     // aliases, dead letters, environments
	ErrLimit      = errors.New("too much")                 // of a file: its size, depth or aliases
	ErrRead       = errors.New("cannot be read")           // the file itself
)

// Error is one thing that is wrong with a file.
type Error struct {
	File         string // as it was given to Load or Parse
	Line, Column int    // from 1; 0: it is about no place in the file
	Key          string // "logging.routes[1].levels"; "" for the file as a whole
	Value        string // what stands there, references not replaced, secrets masked; "" if there is nothing to show
	Problem      string // what is wrong with it
	Allowed      string // what may stand there
	Near         string // what was probably meant
	Err          error  // one of the sentinels above, or a cause that wraps none of the file's secrets
}

// Error returns all of it on one line that begins with the place.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("config: " + e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(":")
	if e.Key != "" {
		b.WriteString(" " + e.Key)
	}
	if e.Value != "" {
		fmt.Fprintf(&b, " %q", e.Value)
	}
	if e.Key != "" || e.Value != "" {
		b.WriteString(":")
	}
	b.WriteString(" " + cmp.Or(e.Problem, fmt.Sprint(e.Err)))
	if e.Allowed != "" {
		b.WriteString("; want " + e.Allowed)
	}
	if e.Near != "" {
		fmt.Fprintf(&b, "; did you mean %s?", e.Near)
	}
	return strings.Map(visible, b.String())
}

// visible keeps a line one line, and a terminal as it is, whatever keys and names
// a file has.
func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors is everything that is wrong with a file, by line.
type Errors []*Error

// Error returns one line for each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// err returns the errors sorted, each once, or nil if there are none. The same
// one is found twice where two routes share a part by an alias.
func (es Errors) err() error {
	if len(es) == 0 {
		return nil
	}
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(es, func(a, b *Error) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Problem == b.Problem && a.Value == b.Value
	})
}
