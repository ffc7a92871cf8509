// Package option checks the fields of the adapters' Destinations, so that their
// errors have one wording and one sentinel: an adapter that opens another one
// returns what its own users look for.
package option

import (
	"errors"
	"fmt"
)

// ErrConfig is about a field's value. The adapters export it under this name.
var ErrConfig = errors.New("not a valid value")

// shown bounds how much of a value an error repeats.
const shown = 100

// Fields are what Check looks at. The element has no name of its own so that a
// table of them can be written without the fields' names, which vet wants of
// every struct type of another package.
type Fields = []struct {
	Name  string
	Value any // not for secrets; nil: the error does not show it
	Bad   bool
	Want  string // what is allowed
}

// FieldError is an error about one field. Whoever has read the Destination from a
// file finds the place by the field's name.
type FieldError struct {
	Field string // as in Go; "SASL.Password" is within another
	Err   error  // nil: the value itself is what is wrong
	text  string
}

func (e *FieldError) Error() string { return e.text }

// Unwrap returns ErrConfig and Err.
func (e *FieldError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrConfig}
	}
	return []error{ErrConfig, e.Err}
}

// NoNegativeTime is the Want of most durations.
const NoNegativeTime = "no negative time"

// Check returns an error for the first field that is bad:
//
//	relp: Window -1: not a valid value: want 1 to 10,000
func Check(adapter string, fields Fields) error {
	for _, f := range fields {
		if f.Bad {
			return &FieldError{Field: f.Name, text: fmt.Sprintf("%s: %s: %v: want %s", adapter, subject(f.Name, f.Value), ErrConfig, f.Want)}
		}
	}
	return nil
}

// subject is the field with its value. Text is quoted: it may be empty, or have
// line breaks.
func subject(name string, value any) string {
	switch v := value.(type) {
	case nil:
		return name
	case string:
		return fmt.Sprintf("%s %.*q", name, shown, v)
	default:
		return fmt.Sprintf("%s %.*s", name, shown, fmt.Sprint(v))
	}
}

// Wrap returns the error of what a field is made of, nil for nil.
func Wrap(adapter, field string, err error) error {
	if err == nil {
		return nil
	}
	return &FieldError{Field: field, Err: err, text: fmt.Sprintf("%s: %s: %v: %v", adapter, field, ErrConfig, err)}
}

// MemberError is the error of one of the destinations that a destination holds. It
// is none about the field that holds them, so ErrConfig is in its chain only if it
// is in the member's.
type MemberError struct {
	Adapter string // "group: quorum"
	Field   string // as in Go, with its index: "Members[1]"
	Name    string // what the adapter calls it
	Err     error  // of its Open
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("%s: member %q: %v", e.Adapter, e.Name, e.Err)
}

// Unwrap returns Err.
func (e *MemberError) Unwrap() error { return e.Err }

// With returns a copy of e about err, a part of what it was about.
func (e *MemberError) With(err error) *MemberError {
	part := *e
	part.Err = err
	return &part
}
