package crypto

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// tagKey is the key of the struct tag: `slogship:"seal"`.
const tagKey = "slogship"

// expand turns a value that holds a [SecretValue] or a struct with a tagged
// field, at any depth, into groups and lists, with a SecretValue for each of
// those. It reports false, and does nothing, for a value that holds none.
//
// encoding/json would write such a value in one piece, which can then be sealed
// as a whole or not at all. Names and what is left out are as encoding/json has
// them: fields of embedded structs, json:"-", omitempty.
func expand(v slog.Value) (slog.Value, bool) {
	if v.Kind() != slog.KindAny {
		return v, false
	}
	r := reflect.ValueOf(v.Any())
	nodes := maxNodes
	if !r.IsValid() || !hides(r.Type(), nil) || !holds(r, 0, &nodes) {
		return v, false
	}
	return expanded(r, 0), true
}

// expand is the function of that name, which costs a look into the type, with
// what it finds kept: the types of a program are few.
func (s *Sealer) expand(v slog.Value) (slog.Value, bool) {
	x := v.Any()
	if x == nil {
		return v, false
	}
	t := reflect.TypeOf(x)
	may, ok := s.types.Load(t)
	if !ok {
		may = hides(t, nil)
		s.types.Store(t, may)
	}
	if !may.(bool) {
		return v, false
	}
	return expand(v)
}

// maxNodes bounds a look into a value that may have no end.
const maxNodes = 1 << 14

var secretType = reflect.TypeFor[SecretValue]()

// hides reports whether a value of type t may hold something to hide. What an
// interface holds is not known from its type.
func hides(t reflect.Type, seen []reflect.Type) bool {
	if t == secretType || t.Kind() == reflect.Interface {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hides(t.Elem(), seen)
	case reflect.Struct:
		if slices.Contains(seen, t) {
			return false // its first occurrence is being looked at
		}
		seen = append(seen, t)
		for i := range t.NumField() {
			f := t.Field(i)
			if logged(f) && (hasTag(f) || hides(f.Type, seen)) {
				return true
			}
		}
	}
	return false
}

// logged reports whether encoding/json would look at the field.
func logged(f reflect.StructField) bool {
	return (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-"
}

func hasTag(f reflect.StructField) bool {
	_, ok := f.Tag.Lookup(tagKey)
	return ok && f.IsExported()
}

// tagAction is what a tag asks for. A word that is not known seals: a misspelt
// tag must not show what it was to hide.
func tagAction(f reflect.StructField) Action {
	switch f.Tag.Get(tagKey) {
	case "mask":
		return MaskIt
	case "hash":
		return Hash
	case "drop":
		return Drop
	default:
		return Seal
	}
}

// holds reports whether the value at hand holds something to hide. Where there
// is too much to look at, it does: the expansion is bounded in its own way.
func holds(v reflect.Value, depth int, nodes *int) bool {
	if *nodes--; *nodes < 0 || depth > maxDepth {
		return true
	}
	if !v.IsValid() || !hides(v.Type(), nil) {
		return false
	}
	if v.Type() == secretType {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return holds(v.Elem(), depth+1, nodes)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if holds(v.Index(i), depth+1, nodes) {
				return true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if holds(it.Value(), depth+1, nodes) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if hasTag(f) || logged(f) && holds(v.Field(i), depth+1, nodes) {
				return true
			}
		}
	}
	return false
}

// expanded returns v as groups and lists, as deep as there is something to hide.
func expanded(v reflect.Value, depth int) slog.Value {
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && hides(v.Type(), nil)) {
		if depth++; depth > maxDepth {
			break
		}
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || !v.CanInterface():
		return slog.AnyValue(nil)
	case depth > maxDepth:
		return slog.StringValue(markTooDeep)
	case v.Type() == secretType || !hides(v.Type(), nil):
		return slog.AnyValue(v.Interface())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		list := make([]slog.Value, v.Len())
		for i := range list {
			list[i] = expanded(v.Index(i), depth+1)
		}
		return slog.AnyValue(list)
	case reflect.Map:
		return slog.GroupValue(mapAttrs(v, depth)...)
	default:
		return slog.GroupValue(structAttrs(nil, v, depth)...)
	}
}

const markTooDeep = "!TRUNCATED nested too deep"

// mapAttrs returns the entries in the order of their keys.
func mapAttrs(v reflect.Value, depth int) []slog.Attr {
	var attrs []slog.Attr
	for it := v.MapRange(); it.Next(); {
		attrs = append(attrs, slog.Attr{Key: fmt.Sprint(it.Key()), Value: expanded(it.Value(), depth+1)})
	}
	slices.SortFunc(attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })
	return attrs
}

func structAttrs(attrs []slog.Attr, v reflect.Value, depth int) []slog.Attr {
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i)
		if !logged(f) {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if inner, ok := embedded(f, field, name); ok {
			attrs = structAttrs(attrs, inner, depth)
			continue
		}
		if !f.IsExported() || strings.Contains(options, "omitempty") && isEmpty(field) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		value := expanded(field, depth+1)
		if hasTag(f) && field.Type() != secretType {
			value = slog.AnyValue(hide(value, tagAction(f)))
		}
		attrs = append(attrs, slog.Attr{Key: name, Value: value})
	}
	return attrs
}

// embedded returns the struct whose fields are promoted.
func embedded(f reflect.StructField, v reflect.Value, name string) (reflect.Value, bool) {
	if !f.Anonymous || name != "" || hasTag(f) {
		return v, false
	}
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v, v.Kind() == reflect.Struct && v.Type() != secretType
}

// isEmpty is what omitempty means.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}
