package handler

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/slogship/slogship/transport"
)

// placeFields are what destinations call the place that they lead to. Others
// may be secrets, so nothing else is shown.
var placeFields = [...]string{"Network", "Addr", "Addrs", "URL", "URLs", "Brokers", "Topic", "Exchange", "Index", "Path", "Socket"}

// describe says in a few words where to leads: what it says of itself, else its
// package and its place.
func describe(to transport.Destination) string {
	if s, ok := to.(fmt.Stringer); ok {
		text := ""
		if err := contained(func() error { text = s.String(); return nil }); err == nil {
			return unwrapped(text)
		}
	}
	v := reflect.Indirect(reflect.ValueOf(to))
	if !v.IsValid() {
		return fmt.Sprintf("%T", to)
	}
	name := strings.TrimSuffix(v.Type().String(), ".Destination")
	if v.Kind() != reflect.Struct {
		return name
	}
	words := []string{name}
	for _, field := range placeFields {
		if f := v.FieldByName(field); f.IsValid() {
			words = append(words, places(f)...)
		}
	}
	return strings.Join(append(words, membersOf(v)...), " ")
}

// unwrapped turns "https.Destination(https://logs)" into "https https://logs".
func unwrapped(text string) string {
	name, rest, ok := strings.Cut(text, ".Destination(")
	if place, closed := strings.CutSuffix(rest, ")"); ok && closed {
		return name + " " + place
	}
	return text
}

func places(f reflect.Value) []string {
	var out []string
	switch f.Kind() {
	case reflect.String:
		if f.String() != "" {
			out = append(out, redacted(f.String()))
		}
	case reflect.Slice:
		for i := range f.Len() {
			out = append(out, places(f.Index(i))...)
		}
	}
	return out
}

// redacted is place without the user and password of a URL, nor its query, where
// tokens are.
func redacted(place string) string {
	if !strings.Contains(place, "://") {
		return place
	}
	u, err := url.Parse(place)
	if err != nil {
		return "(a URL that is none)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// membersOf describes a group's.
func membersOf(v reflect.Value) []string {
	f := v.FieldByName("Members")
	if !f.IsValid() || !f.CanInterface() {
		return nil
	}
	list, _ := f.Interface().([]transport.Destination)
	var out []string
	for _, m := range list {
		out = append(out, "("+describe(m)+")")
	}
	return out
}
