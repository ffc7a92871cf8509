package config

import (
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// Kind is how a field is written in a file.
type Kind uint8

// The kinds.
const (
	Unreachable Kind = iota // a function, channel or object, which no file can hold
	Text                    // any scalar, as it is written
	Bool                    // true or false
	Integer                 // a whole number
	Number                  // 0.25, or a share as 25%
	Size                    // 100MB, 64KiB: bytes with a unit; 0 and negative numbers need none
	Duration                // 1h30m, 250ms, 7d; 0 needs no unit
	Name                    // one of Field.Values
	Level                   // a level's name, with an offset if need be (INFO+1), or a number
	Levels                  // a list of names, or bounds: ">=WARN", {min: DEBUG, max: INFO}
	Safety                  // durability: process, power, or interval(1s)
	FileMode                // octal: 0640
	List                    // a list of Field.Elem; one of them may stand without the list
	Table                   // a mapping with keys of your own, values of Field.Elem
	Struct                  // a mapping with Field.Fields
	Attrs                   // a mapping of attributes, groups nested
	Value                   // anything
	Encoder                 // a format's name, or a mapping with its type and fields: see [Encoders]
	Output                  // a destination: a URL, or a mapping with its type and fields
	Match                   // a matcher
)

// kindNames are in the order of the kinds. Never written to.
var kindNames = [...]string{
	"unreachable", "text", "bool", "integer", "number", "size", "duration", "name", "level", "levels", "safety",
	"file mode", "list", "table", "struct", "attributes", "value", "encoder", "output", "match",
}

// String returns the kind's name.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Field is what a file may say about one field of a Go struct. It is what the
// decoder itself goes by, so that a reference made of it can't differ.
type Field struct {
	Key    string       // as in the file: max_in_flight
	Go     string       // as in Go: MaxInFlight
	Type   reflect.Type // the Go type
	Kind   Kind
	Elem   *Field   // of List and Table: their values, without Key and Go
	Fields []Field  // of Struct
	Values []string // of Name: what is allowed
	Secret bool     // the value never appears in an error
	Why    string   // of Unreachable: why it is

	index int
}

// FieldsOf returns the fields of a struct type, those that cannot be reached
// from a file as well. Fields of type T within T are left out.
func FieldsOf(t reflect.Type) []Field { return fieldsOf(t, nil) }

// fieldsOf is FieldsOf within the structs of outer, which would not end if one of
// them was in itself.
func fieldsOf(t reflect.Type, outer []reflect.Type) []Field {
	if t.Kind() != reflect.Struct || slices.Contains(outer, t) {
		return nil
	}
	var fields []Field
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			fields = append(fields, fieldOf(f, i, append(outer, t)))
		}
	}
	return fields
}

// fieldOf adds to typed what a field's name says: its key, whether its number is
// bytes, and whether its value is a credential.
func fieldOf(f reflect.StructField, index int, outer []reflect.Type) Field {
	field := typed(f.Type, outer)
	field.Key, field.Go, field.index = keyOf(f.Name), f.Name, index
	if field.Kind == Integer && isSize(f.Name) {
		field.Kind = Size
	}
	field.Secret = isSecret(field.Key)
	return field
}

// typed says how a value of type t is written.
func typed(t reflect.Type, outer []reflect.Type) Field {
	f := Field{Type: t}
	if kind, ok := knownType(t); ok {
		f.Kind = kind
		return f
	}
	if f.Values = valuesOf(t); f.Values != nil {
		f.Kind = Name
		return f
	}
	switch t.Kind() {
	case reflect.String:
		f.Kind = Text
	case reflect.Bool:
		f.Kind = Bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		f.Kind = Integer
	case reflect.Float32, reflect.Float64:
		f.Kind = Number
	case reflect.Slice:
		f.container(List, outer)
	case reflect.Map:
		f.container(Table, outer)
	case reflect.Struct:
		// The structs of net and crypto (tls.Config, net.Resolver) are no
		// configuration: a file must not reach InsecureSkipVerify that way.
		if first, _, _ := strings.Cut(t.PkgPath(), "/"); first != "net" && first != "crypto" {
			f.Kind, f.Fields = Struct, fieldsOf(t, outer)
		}
	case reflect.Pointer:
		f = typed(t.Elem(), outer)
		f.Type = t
	default:
		f.Why = unreachable(t)
	}
	if t.Kind() == reflect.Struct && !reachable(f.Fields) {
		f.Kind, f.Why = Unreachable, "an object of the program's own"
	}
	return f
}

// container makes f a list or a table of what its values are. It is unreachable
// if those are: a list of functions.
func (f *Field) container(kind Kind, outer []reflect.Type) {
	if kind == Table && f.Type.Key().Kind() != reflect.String {
		f.Why = unreachable(f.Type)
		return
	}
	elem := typed(f.Type.Elem(), outer)
	if elem.Kind == Unreachable {
		f.Why = elem.Why
		return
	}
	f.Kind, f.Elem = kind, &elem
}

// knownType knows the types whose form in a file does not follow from what they
// are made of.
func knownType(t reflect.Type) (Kind, bool) {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return Duration, true
	case reflect.TypeFor[slog.Level](), reflect.TypeFor[slog.Leveler]():
		return Level, true
	case reflect.TypeFor[route.Levels]():
		return Levels, true
	case reflect.TypeFor[route.Durability]():
		return Safety, true
	case reflect.TypeFor[route.Matcher]():
		return Match, true
	case reflect.TypeFor[fs.FileMode]():
		return FileMode, true
	case reflect.TypeFor[encode.Encoder]():
		return Encoder, true
	case reflect.TypeFor[transport.Destination]():
		return Output, true
	case reflect.TypeFor[[]slog.Attr]():
		return Attrs, true
	case reflect.TypeFor[any]():
		return Value, true
	default:
		return 0, false
	}
}

// unreachable says what t is, for the error of who tries it in a file all the
// same.
func unreachable(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Func:
		return "a function"
	case reflect.Chan:
		return "a channel"
	default:
		return "an object of the program's own"
	}
}

// valuesOf returns the names of a type whose values are a few with names: an
// unsigned byte with a String method, which says "Type(n)" for what is none. nil:
// it is no such type.
func valuesOf(t reflect.Type) []string {
	if t.Kind() != reflect.Uint8 || !t.Implements(reflect.TypeFor[fmt.Stringer]()) {
		return nil
	}
	var names []string
	for _, name := range namedValues(t) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// namedValues yields the values of t and their names: from 0, which may have none,
// to the last one before a gap.
func namedValues(t reflect.Type) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for n := range 256 {
			name, ok := valueName(t, n)
			if !ok && n > 0 || ok && !yield(n, name) {
				return
			}
		}
	}
}

// valueName returns what a file calls value n of t: its String in snake case,
// without the type's own name before it ("FramingDefault" is default).
func valueName(t reflect.Type, n int) (name string, ok bool) {
	v := reflect.New(t).Elem()
	v.SetUint(uint64(n))
	name = v.Interface().(fmt.Stringer).String()
	if name == "" || strings.ContainsAny(name, "()% ") {
		return "", false
	}
	if strings.ContainsAny(name, "-/_.") || name == strings.ToUpper(name) {
		return strings.ToLower(name), true // not made of words as Go's names are
	}
	return strings.TrimPrefix(keyOf(name), keyOf(t.Name())+"_"), true
}

// isSize tells the numbers that are bytes, and so need a unit, from those that
// are counts: by the words that this library's names have, since a struct tag in
// each adapter would be forgotten in the next one. A test goes over the adapters of
// this module and says which numbers are counts.
func isSize(name string) bool {
	if strings.HasSuffix(name, "Bytes") {
		return true
	}
	return slices.Contains([]string{
		"MaxSize", "MaxDisk", "MinFree", "MaxDatagram", "MaxMessage", "MaxEvent", "MaxLine", "MaxMetadata",
		"SendBuffer", "ReceiveBuffer",
	}, name)
}

// isSecret reports whether a key is one whose value nobody should read in an
// error.
func isSecret(key string) bool {
	if strings.HasSuffix(key, "_file") {
		return false // names the place alone
	}
	return slices.ContainsFunc([]string{"password", "passwd", "secret", "token", "credential", "authorization", "api_key", "dsn", "headers"},
		func(word string) bool { return strings.Contains(key, word) })
}

// reachable reports whether a file can set anything of a struct.
func reachable(fields []Field) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Kind != Unreachable })
}
