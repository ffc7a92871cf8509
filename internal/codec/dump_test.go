package codec

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// dump writes attributes with everything that must survive, so that two lists
// can be compared as text (slog.Value.Equal panics on slices).
func dump(attrs []slog.Attr) string {
	var s strings.Builder
	for _, a := range attrs {
		fmt.Fprintf(&s, "%q=%s ", a.Key, dumpValue(a.Value))
	}
	return s.String()
}

func dumpValue(v slog.Value) string {
	switch v.Kind() {
	case slog.KindString:
		return fmt.Sprintf("%q", v.String())
	case slog.KindFloat64:
		return fmt.Sprintf("float64(%x)", v.Float64())
	case slog.KindTime:
		t := v.Time()
		_, off := t.Zone()
		return fmt.Sprintf("time(%d.%09d %d)", t.Unix(), t.Nanosecond(), off)
	case slog.KindGroup:
		return "{" + dump(v.Group()) + "}"
	case slog.KindAny:
		return dumpAny(v.Any())
	default:
		return fmt.Sprintf("%s(%s)", v.Kind(), v)
	}
}

func dumpAny(x any) string {
	switch x := x.(type) {
	case []byte:
		return fmt.Sprintf("bytes(%x)", x)
	case encode.JSON:
		return fmt.Sprintf("json(%s)", x)
	case *encode.Error:
		return dumpError(x)
	case []slog.Value:
		parts := make([]string, len(x))
		for i, v := range x {
			parts[i] = dumpValue(v)
		}
		return "[" + strings.Join(parts, " ") + "]"
	default:
		return fmt.Sprintf("%T(%v)", x, x)
	}
}

func dumpError(e *encode.Error) string {
	s := fmt.Sprintf("error(%s %q", e.Type, e.Message)
	for _, f := range e.Frames {
		s += fmt.Sprintf(" at %s %s:%d", f.Function, f.File, f.Line)
	}
	for _, c := range e.Causes {
		s += " " + dumpError(c)
	}
	return s + ")"
}

// decode returns the attributes of a payload made of the entries.
func decode(t testing.TB, entries []byte) []slog.Attr {
	t.Helper()
	var d Decoder
	var rec encode.Record
	if err := d.Decode(string(append(AppendHeader(nil, &Header{}), entries...)), &rec); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return rec.Attrs
}

// through returns what attrs are after the codec.
func through(t testing.TB, attrs ...slog.Attr) []slog.Attr {
	t.Helper()
	var dst []byte
	for _, a := range attrs {
		dst = AppendAttr(dst, a)
	}
	return decode(t, dst)
}

// truncated returns the count of the attribute that says what was cut.
func truncated(attrs []slog.Attr) int64 {
	if n := len(attrs); n > 0 && attrs[n-1].Key == Truncated {
		return attrs[n-1].Value.Int64()
	}
	return 0
}
