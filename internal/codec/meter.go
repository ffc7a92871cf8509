package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// meter walks a value as encoding/json or fmt would, and stops when it has
// seen more than those may be let loose on. The depth bound ends cycles; the
// node bound ends what a cycle with several branches makes of the depth.
//
// Writing our own bounded JSON by reflection was the other way. It would have to
// agree with encoding/json on tags, embedding and omission for ever; a walk
// that is a little off only errs on one side or the other of a generous bound.
type meter struct {
	nodes int // values that may still be looked at
	bytes int // bytes of strings and slices that may still be seen
}

// newMeter allows about what could fit into a payload, at eight bytes a value.
func newMeter() *meter { return &meter{nodes: Limit / 8, bytes: Limit} }

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// json reports whether encoding/json may have v.
func (m *meter) json(v reflect.Value, depth int) bool {
	return m.walk(v, depth, true)
}

// fmt reports whether fmt's %+v may have v.
func (m *meter) fmt(v reflect.Value, depth int) bool {
	return m.walk(v, depth, false)
}

func (m *meter) walk(v reflect.Value, depth int, asJSON bool) bool {
	if m.nodes--; m.nodes < 0 || depth > MaxDepth {
		return false
	}
	// The zero Value is what a nil interface or pointer leads to.
	if !v.IsValid() || asJSON && marshalsItself(v.Type()) {
		return true // what its method returns is checked afterwards
	}
	switch v.Kind() {
	case reflect.String:
		m.bytes -= v.Len()
		return m.bytes >= 0
	case reflect.Interface:
		return m.walk(v.Elem(), depth, asJSON)
	case reflect.Pointer:
		// fmt prints a pointer inside a value as a number.
		return !asJSON && depth > 0 || m.walk(v.Elem(), depth+1, asJSON)
	case reflect.Slice, reflect.Array:
		return m.elements(v, depth, asJSON)
	case reflect.Map:
		return m.entries(v, depth, asJSON)
	case reflect.Struct:
		return m.fields(v, depth, asJSON)
	default:
		return true
	}
}

// marshalsItself reports whether encoding/json asks the value instead of
// looking into it.
func marshalsItself(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler)
}

// elements walks a list. Bytes count as bytes: a megabyte of them is fine.
func (m *meter) elements(v reflect.Value, depth int, asJSON bool) bool {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		m.bytes -= v.Len()
		return m.bytes >= 0
	}
	for i := range v.Len() {
		if !m.walk(v.Index(i), depth+1, asJSON) {
			return false
		}
	}
	return true
}

// entries walks a map. Keys count too: they may be strings or structs.
func (m *meter) entries(v reflect.Value, depth int, asJSON bool) bool {
	for it := v.MapRange(); it.Next(); {
		if !m.walk(it.Key(), depth+1, asJSON) || !m.walk(it.Value(), depth+1, asJSON) {
			return false
		}
	}
	return true
}

// fields walks a struct, and counts the names that JSON repeats for each one.
func (m *meter) fields(v reflect.Value, depth int, asJSON bool) bool {
	t := v.Type()
	for i := range t.NumField() {
		// encoding/json sees exported fields, and those of embedded structs.
		if f := t.Field(i); asJSON && (!f.IsExported() && !f.Anonymous || f.Tag.Get("json") == "-") {
			continue
		}
		m.bytes -= len(t.Field(i).Name)
		if m.bytes < 0 || !m.walk(v.Field(i), depth+1, asJSON) {
			return false
		}
	}
	return true
}
