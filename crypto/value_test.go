package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// kinds is a value of each kind that a record can hold.
func kinds() map[string]slog.Value {
	return map[string]slog.Value{
		"string":         slog.StringValue("naïve \x00\n\xff text"),
		"empty string":   slog.StringValue(""),
		"int64":          slog.Int64Value(math.MinInt64),
		"uint64":         slog.Uint64Value(math.MaxUint64),
		"float64":        slog.Float64Value(-0.1),
		"infinite":       slog.Float64Value(math.Inf(-1)),
		"true":           slog.BoolValue(true),
		"false":          slog.BoolValue(false),
		"duration":       slog.DurationValue(-time.Hour),
		"time":           slog.TimeValue(time.Date(2026, 11, 23, 1, 2, 3, 4, time.FixedZone("", -5400))),
		"zero time":      slog.TimeValue(time.Time{}),
		"far time":       slog.TimeValue(time.Date(9999, 1, 1, 0, 0, 0, 999999999, time.UTC)),
		"nil":            slog.AnyValue(nil),
		"bytes":          slog.AnyValue([]byte{0, 1, 255}),
		"json":           slog.AnyValue(encode.JSON(`{"a":[1,2.0,null]}`)),
		"list":           slog.AnyValue([]slog.Value{slog.IntValue(1), slog.StringValue("x"), slog.AnyValue(nil)}),
		"group":          slog.GroupValue(slog.Int("a", 1), slog.Group("b", slog.String("", "y"))),
		"encode's error": slog.AnyValue(&encode.Error{Type: "*os.PathError", Message: "no", Frames: []encode.Frame{{Function: "f", File: "g", Line: 3}}, Causes: []*encode.Error{{Type: "t", Message: "cause"}}}),
	}
}

// A value comes back with its type, as it would have come out of the buffer.
func TestValuesRoundTrip(t *testing.T) {
	for name, v := range kinds() {
		got, err := readValue(appendValue(nil, v))
		if err != nil || !reflect.DeepEqual(got.Any(), v.Any()) || got.Kind() != v.Kind() {
			t.Errorf("%s: %v (%v), want %v: %v", name, got, got.Kind(), v, err)
		}
	}
}

// A zone that no encoder can write is sealed as UTC, as the buffer has it, rather
// than as what no opener takes.
func TestFarZones(t *testing.T) {
	at := time.Unix(1_800_000_000, 5)
	for _, offset := range []int{-maxOffset - 1, -maxOffset, 1 - maxOffset, 0, maxOffset - 1, maxOffset, 100 * 3600} {
		v := slog.TimeValue(at.In(time.FixedZone("far", offset)))
		got, err := readValue(appendValue(nil, v))
		if err != nil || !got.Time().Equal(at) {
			t.Errorf("%d s: %v, %v", offset, got, err)
		}
	}
}

// What the buffer keeps of nested values opens, at every depth: errors deep in
// groups and lists, with causes of their own.
func TestNestedValuesOpen(t *testing.T) {
	for depth := range 2 * maxDepth {
		for _, causes := range []int{0, 1, 10, 2 * maxDepth} {
			err := errors.New("root")
			for range causes {
				err = fmt.Errorf("outer: %w", err)
			}
			group, list := slog.AnyValue(err), slog.AnyValue(err)
			for range depth {
				group, list = slog.GroupValue(slog.Attr{Key: "g", Value: group}), slog.AnyValue([]slog.Value{list})
			}
			for what, v := range map[string]slog.Value{"groups": group, "lists": list} {
				if _, err := readValue(appendValue(nil, v)); err != nil {
					t.Fatalf("%d causes in %d %s: %v", causes, depth, what, err)
				}
			}
		}
	}
}

// What is in an interface is sealed as the buffer would have kept it.
func TestAnyRoundTrip(t *testing.T) {
	type point struct{ X, Y int }
	err := fmt.Errorf("outer: %w", errors.New("inner"))
	for _, x := range []any{
		point{1, 2}, &point{3, 4}, map[string]any{"a": 1}, []string{"a", "b"}, err, netip.MustParseAddr("::1"),
		time.Second, []any{1, "x", nil, err}, point{}, new(int), func() {}, encode.JSON(`bad`), (*point)(nil),
	} {
		v := slog.AnyValue(x)
		got, err := readValue(appendValue(nil, v))
		if want := normal(v); err != nil || !reflect.DeepEqual(got.Any(), want.Any()) {
			t.Errorf("%T: %#v, want %#v: %v", x, got.Any(), want.Any(), err)
		}
	}
}

type panicking struct{}

func (panicking) LogValue() slog.Value { panic("boom") }

type nilReceiver struct{ s string }

func (n *nilReceiver) LogValue() slog.Value { return slog.StringValue(n.s) }

type endless struct{}

func (e endless) LogValue() slog.Value { return slog.AnyValue(e) }

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		v    slog.LogValuer
		want string
	}{{panicking{}, "!PANIC: boom"}, {(*nilReceiver)(nil), "<nil>"}, {endless{}, "!ERROR: LogValue leads to too many others"}, {&nilReceiver{"x"}, "x"}} {
		if got := resolve(slog.AnyValue(c.v)); got.String() != c.want {
			t.Errorf("%T: %v, want %v", c.v, got, c.want)
		}
	}
}

// No bytes make the reader panic, and what it reads is what would be written.
func FuzzReadValue(f *testing.F) {
	for _, v := range kinds() {
		f.Add(appendValue(nil, v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := readValue(bytes.Clone(b))
		if err != nil {
			return
		}
		again, err := readValue(appendClosed(nil, v, 0))
		if err != nil || again.Kind() != v.Kind() {
			t.Errorf("%q: %v, then %v: %v", b, v, again, err)
		}
	})
}
