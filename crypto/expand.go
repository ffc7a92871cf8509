package crypto

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
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
func expand(v slog.Value, types *typeCache) (slog.Value, bool) {
	x := newExpander(types)
	return x.expand(v)
}

// expander is what is left of the look into one value. It is for one goroutine.
//
// Both numbers are for all of the value. A bound on the depth alone is none for
// what holds itself, or one other thing, twice at each level: there are 2^64 ways
// down, and a log call that goes all of them does not come back.
type expander struct {
	types *typeCache
	look  int // values that may still be looked at
	build int // values that may still be built
}

func newExpander(types *typeCache) expander { return expander{types, maxNodes, maxNodes} }

func (x *expander) expand(v slog.Value) (slog.Value, bool) {
	if v.Kind() != slog.KindAny || v.Any() == nil {
		return v, false
	}
	// An error is logged as its text, not as a struct. Taken apart it would lose that,
	// and show what it has besides: the request of an HTTP client's error.
	if _, ok := v.Any().(error); ok {
		return v, false
	}
	r := reflect.ValueOf(v.Any())
	if !x.types.hides(r.Type()) || !x.holds(r, 0) {
		return v, false
	}
	return x.expanded(r, 0), true
}

// typeCache is what is known of types: whether a value of one may hold something
// to hide. It only grows, and the types of a program are few. The zero typeCache
// is ready.
type typeCache struct {
	known sync.Map // reflect.Type to bool
}

// hides is the function of that name, asked once for each type. Two goroutines
// may ask at a time: they find the same.
func (c *typeCache) hides(t reflect.Type) bool {
	if known, ok := c.known.Load(t); ok {
		return known.(bool)
	}
	may := hides(t, map[reflect.Type]bool{})
	c.known.Store(t, may)
	return may
}

// maxNodes bounds a look into a value that may have no end.
const maxNodes = 1 << 14

var secretType = reflect.TypeFor[SecretValue]()

// hides reports whether something to hide can be reached from type t. What an
// interface holds is not known from its type. seen are the types that are looked
// at already: types refer to each other, and not only in circles.
func hides(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == secretType || t.Kind() == reflect.Interface {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hides(t.Elem(), seen)
	case reflect.Struct:
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

// hasTag reports whether the field has a tag that counts. One that is not
// exported is not logged, so that there is nothing to hide.
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
func (x *expander) holds(v reflect.Value, depth int) bool {
	if x.look--; x.look < 0 || depth > maxDepth {
		return true
	}
	if !v.IsValid() || !x.types.hides(v.Type()) {
		return false
	}
	if v.Type() == secretType {
		return true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return x.holds(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if x.holds(v.Index(i), depth+1) {
				return true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if x.holds(it.Value(), depth+1) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if hasTag(f) || logged(f) && x.holds(v.Field(i), depth+1) {
				return true
			}
		}
	}
	return false
}

// expanded returns v as groups and lists, as deep as there is something to hide.
// What is beyond the bounds is a mark.
func (x *expander) expanded(v reflect.Value, depth int) slog.Value {
	// A pointer to what hides nothing is left a pointer: its methods may be the
	// pointer's, and encoding/json would call those.
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && x.types.hides(v.Type())) {
		if depth++; depth > maxDepth {
			break
		}
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || !v.CanInterface():
		return slog.AnyValue(nil)
	case depth > maxDepth || x.build < 0:
		return slog.StringValue(markTooDeep)
	case v.Type() == secretType || !x.types.hides(v.Type()):
		return slog.AnyValue(v.Interface())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		list := make([]slog.Value, 0, min(v.Len(), x.build+1))
		for i := 0; i < v.Len() && x.build >= 0; i++ { // the last one is a mark if it ends early
			x.build--
			list = append(list, x.expanded(v.Index(i), depth+1))
		}
		return slog.AnyValue(list)
	case reflect.Map:
		return slog.GroupValue(x.mapAttrs(v, depth)...)
	default:
		return slog.GroupValue(x.structAttrs(nil, v, depth)...)
	}
}

const markTooDeep = "!TRUNCATED nested too deep"

// mapAttrs returns the entries in the order of their keys.
func (x *expander) mapAttrs(v reflect.Value, depth int) []slog.Attr {
	var attrs []slog.Attr
	for it := v.MapRange(); x.build >= 0 && it.Next(); {
		x.build--
		attrs = append(attrs, slog.Attr{Key: fmt.Sprint(it.Key()), Value: x.expanded(it.Value(), depth+1)})
	}
	slices.SortFunc(attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })
	return attrs
}

// structAttrs appends the fields of a struct that encoding/json would write, with
// those of embedded structs in their place. It does not sort out fields of one
// name as encoding/json does: encoders number them, and one name too many is
// better than a secret under the name that was left out.
func (x *expander) structAttrs(attrs []slog.Attr, v reflect.Value, depth int) []slog.Attr {
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i)
		if !logged(f) {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if inner, ok := embedded(f, field, name); ok {
			attrs = x.structAttrs(attrs, inner, depth)
			continue
		}
		if !f.IsExported() || strings.Contains(options, "omitempty") && isEmpty(field) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		x.build--
		value := x.expanded(field, depth+1)
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
