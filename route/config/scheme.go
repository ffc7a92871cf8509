package config

import (
	"net/url"
	"reflect"

	"github.com/slogship/slogship/transport"
)

// Schemes are the destinations that a file may name, by the scheme of their URL,
// which is their type in the long form as well: "tcp", "syslog+tls", "stdout".
// Package transport/all has those of every adapter; a program that wants fewer
// client libraries makes a map of its own. Nothing registers itself by import:
// what a file can reach is what the program says.
type Schemes map[string]Scheme

// Scheme makes the destinations of one type. It is made by [SchemeOf] and
// immutable.
type Scheme struct {
	typ     reflect.Type
	presets func(dest any)
	fromURL func(dest any, u *url.URL) error
}

// SchemeOf returns the Scheme of destinations of type D, a struct, which may be
// zero.
//
// fromURL sets what authority, path and user information of a URL mean. What
// query parameters it uses itself, it removes from u.RawQuery; every other one
// sets the field that has its name as key: "?max_size=100MB", "?tls.ca_file=/x".
// A nil fromURL is for destinations that have only a long form. Its error must
// not quote user information or parameters. For a URL without "://", such as
// "stdout", u has a scheme only.
//
// presets come before either form, for schemes that share a type: "syslog+udp"
// is a syslog.Destination with Network "udp".
func SchemeOf[D transport.Destination](fromURL func(d *D, u *url.URL) error, presets ...func(d *D)) Scheme {
	s := Scheme{typ: reflect.TypeFor[D](), presets: func(dest any) {
		for _, set := range presets {
			set(dest.(*D))
		}
	}}
	if fromURL != nil {
		s.fromURL = func(dest any, u *url.URL) error { return fromURL(dest.(*D), u) }
	}
	return s
}

// Type returns the struct that the scheme fills in.
func (s Scheme) Type() reflect.Type { return s.typ }

// Default returns the destination that a mapping with nothing but its type
// makes.
func (s Scheme) Default() transport.Destination {
	return s.blank().Elem().Interface().(transport.Destination)
}

// Fields returns what a file may set, and what it can't.
func (s Scheme) Fields() []Field { return FieldsOf(s.typ) }

// HasURL reports whether there is a short form.
func (s Scheme) HasURL() bool { return s.fromURL != nil }

// blank returns a pointer to a new destination with the presets.
func (s Scheme) blank() reflect.Value {
	dest := reflect.New(s.typ)
	s.presets(dest.Interface())
	return dest
}
