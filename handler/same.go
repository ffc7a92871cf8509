package handler

import (
	"reflect"

	"github.com/slogship/slogship/transport"
)

// maxConfigDepth bounds how deep two configurations are compared. What is deeper
// than that, or goes round, counts as changed.
const maxConfigDepth = 32

// sameDestination reports whether b would open what a has opened, so that the
// transport may stay. Where it cannot tell it says no, which costs a connection.
//
// It is reflect.DeepEqual but for what is behind different pointers: that is
// compared only if it is plain data. A struct with unexported fields is
// somebody's state (a *memory.Sink, a *tls.Config, an *http.Client): two that
// look alike are two, and to look inside would race with whoever uses them.
func sameDestination(a, b transport.Destination) bool {
	return sameValue(reflect.ValueOf(a), reflect.ValueOf(b), 0)
}

func sameValue(a, b reflect.Value, depth int) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() || depth > maxConfigDepth {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer:
		return samePointer(a, b, depth)
	case reflect.Interface:
		return sameValue(a.Elem(), b.Elem(), depth+1)
	case reflect.Struct:
		return sameFields(a, b, depth)
	case reflect.Slice:
		return a.IsNil() == b.IsNil() && sameElements(a, b, depth)
	case reflect.Array:
		return sameElements(a, b, depth)
	case reflect.Map:
		return sameEntries(a, b, depth)
	case reflect.Func:
		return a.IsNil() && b.IsNil() // of two functions nobody can tell
	default:
		return a.Equal(b)
	}
}

func samePointer(a, b reflect.Value, depth int) bool {
	if a.Pointer() == b.Pointer() {
		return true
	}
	return !a.IsNil() && !b.IsNil() && plainData(a.Type().Elem()) && sameValue(a.Elem(), b.Elem(), depth+1)
}

// plainData reports whether t is a struct that has nothing to hide.
func plainData(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return true
	}
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}

func sameFields(a, b reflect.Value, depth int) bool {
	for i := range a.NumField() {
		if !sameValue(a.Field(i), b.Field(i), depth+1) {
			return false
		}
	}
	return true
}

func sameElements(a, b reflect.Value, depth int) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !sameValue(a.Index(i), b.Index(i), depth+1) {
			return false
		}
	}
	return true
}

func sameEntries(a, b reflect.Value, depth int) bool {
	if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
		return false
	}
	for _, key := range a.MapKeys() {
		if v := b.MapIndex(key); !v.IsValid() || !sameValue(a.MapIndex(key), v, depth+1) {
			return false
		}
	}
	return true
}
