package codec

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/slogship/slogship/encode"
)

// any appends a value of kind Any as one of the closed set.
//
// The order matters: what is in the set already; errors, before their other
// methods (an error that also has String is an error); what knows its own
// form, the richest first; what slog has a kind for; and last, by reflection,
// everything else.
func (b *builder) any(dst []byte, at place, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return b.head(dst, at, kindNil)
	case []byte:
		return b.bytes(dst, at, x)
	case encode.JSON: // checked nevertheless: anybody can convert to it
		return b.json(dst, at, x, nil)
	case *encode.Error:
		if x == nil {
			return b.head(dst, at, kindNil)
		}
		return b.givenError(dst, at, x)
	case []slog.Value:
		return list(b, dst, at, x, depth, func(v slog.Value) slog.Value { return v })
	case error:
		return b.error(dst, at, x)
	case slog.Attr:
		return b.group(dst, at, []slog.Attr{x}, depth)
	case *slog.Source:
		return b.group(dst, at, sourceAttrs(x), depth)
	case *time.Time: // would be JSON, as it has MarshalJSON by its element
		return pointer(b, dst, at, x, depth, slog.TimeValue)
	case *time.Duration:
		return pointer(b, dst, at, x, depth, slog.DurationValue)
	// The lists one sees every day, without reflection.
	case []string:
		return list(b, dst, at, x, depth, slog.StringValue)
	case []int:
		return list(b, dst, at, x, depth, slog.IntValue)
	case []any:
		return list(b, dst, at, x, depth, slog.AnyValue)
	case json.Marshaler:
		return b.marshal(dst, at, x)
	case encoding.TextMarshaler:
		return b.value(dst, at, slog.StringValue(textOf(x)), depth)
	case fmt.Stringer:
		return b.value(dst, at, slog.StringValue(stringOf(x)), depth)
	default:
		return b.reflect(dst, at, reflect.ValueOf(x), depth)
	}
}

// reflect appends a value that only its type says something about. Values of
// named basic types (type Port int) become what they are; pointers are
// followed; slices and arrays become lists, so that LogValuers and errors in
// them are seen; maps and structs become JSON.
func (b *builder) reflect(dst []byte, at place, v reflect.Value, depth int) []byte {
	switch v.Kind() {
	case reflect.Bool:
		return b.value(dst, at, slog.BoolValue(v.Bool()), depth)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return b.value(dst, at, slog.Int64Value(v.Int()), depth)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return b.value(dst, at, slog.Uint64Value(v.Uint()), depth)
	case reflect.Float32, reflect.Float64:
		return b.value(dst, at, slog.Float64Value(v.Float()), depth)
	case reflect.String:
		return b.value(dst, at, slog.StringValue(v.String()), depth)
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		if v.IsNil() {
			return b.head(dst, at, kindNil)
		}
	}
	// What is left is not nil and not basic.
	switch v.Kind() {
	case reflect.Pointer:
		return b.pointee(dst, at, v, depth)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return b.bytes(dst, at, v.Bytes())
		}
		return b.reflectList(dst, at, v, depth)
	case reflect.Array:
		return b.reflectList(dst, at, v, depth)
	default:
		// Maps, structs, and what JSON refuses: functions, channels, complex
		// numbers. Those get a mark and fmt's idea of them.
		return b.marshal(dst, at, v.Interface())
	}
}

// pointee appends what v points to. A pointer to a struct is marshalled as the
// pointer, since methods of its fields may need addresses.
func (b *builder) pointee(dst []byte, at place, v reflect.Value, depth int) []byte {
	if v.Elem().Kind() == reflect.Struct { // the usual pointer
		return b.marshal(dst, at, v.Interface())
	}
	return b.nested(dst, at, slog.AnyValue(v.Elem().Interface()), depth+1)
}

// nested appends a value found inside another, in its place. A value that may
// not begin is replaced by nil: its key may be written already.
func (b *builder) nested(dst []byte, at place, v slog.Value, depth int) []byte {
	if !b.begin(dst, depth) {
		return b.head(dst, at, kindNil)
	}
	return b.value(dst, at, resolve(v), depth)
}

// pointer appends what p points to, by way of slog's own kinds.
func pointer[T any](b *builder, dst []byte, at place, p *T, depth int, conv func(T) slog.Value) []byte {
	if p == nil {
		return b.head(dst, at, kindNil)
	}
	return b.value(dst, at, conv(*p), depth)
}

// sourceAttrs is the group that slog's own handlers write for a source.
func sourceAttrs(s *slog.Source) []slog.Attr {
	var attrs []slog.Attr
	if s == nil {
		return nil
	}
	if s.Function != "" {
		attrs = append(attrs, slog.String("function", s.Function))
	}
	if s.File != "" {
		attrs = append(attrs, slog.String("file", s.File))
	}
	if s.Line != 0 {
		attrs = append(attrs, slog.Int("line", s.Line))
	}
	return attrs
}

// bytes appends a byte slice, cut without a mark: any byte could be data.
func (b *builder) bytes(dst []byte, at place, x []byte) []byte {
	if x == nil {
		return b.head(dst, at, kindNil)
	}
	dst = b.head(dst, at, kindBytes)
	if n := room(dst, len(x)); len(x) > n {
		b.cut++
		x = x[:n]
	}
	return append(appendUvarint(dst, uint64(len(x))), x...)
}

// textOf, stringOf: what the methods of a value say, or what befell them.

func textOf(x encoding.TextMarshaler) (s string) {
	defer contain(x, &s)
	text, err := x.MarshalText()
	if err != nil {
		return errorMark(err)
	}
	return string(text)
}

func stringOf(x fmt.Stringer) (s string) {
	defer contain(x, &s)
	return x.String()
}

// errorMark is the text that stands for a value whose own method failed.
func errorMark(err error) string { return "!ERROR: " + errorText(err) }
