package match

import (
	"cmp"
	"log/slog"
	"strings"
)

// Span is an interval of values, its ends included. An end whose Any is nil is
// open.
type Span struct{ Min, Max slog.Value }

// NewSpan returns the interval from least to most; nil: open.
func NewSpan(least, most any) Span {
	return Span{slog.AnyValue(least), slog.AnyValue(most)}
}

// Has reports whether v lies in s. A value of another sort than the ends (a
// text where they are numbers) does not.
func (s Span) Has(v slog.Value) bool {
	return (open(s.Min) || atLeast(v, s.Min)) && (open(s.Max) || atLeast(s.Max, v))
}

func atLeast(a, b slog.Value) bool {
	order, ok := compare(a, b)
	return ok && order >= 0
}

func open(v slog.Value) bool { return v.Kind() == slog.KindAny && v.Any() == nil }

// Bad says what the ends of s should be; "" if they are.
func (s Span) Bad() string {
	for _, end := range []slog.Value{s.Min, s.Max} {
		if !open(end) && !ordered(end.Kind()) {
			return "numbers, durations, times or texts as bounds"
		}
	}
	switch {
	case open(s.Min) && open(s.Max):
		return "a lower or an upper bound"
	case !open(s.Min) && !open(s.Max) && !atLeast(s.Max, s.Min):
		return "a lower and an upper bound of the same sort, in this order"
	}
	return ""
}

func ordered(k slog.Kind) bool {
	switch k {
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindDuration, slog.KindTime, slog.KindString:
		return true
	}
	return false
}

// compare orders two values of one sort. All numbers are one sort.
func compare(a, b slog.Value) (int, bool) {
	switch a.Kind() {
	case slog.KindString:
		return strings.Compare(textOf(a), textOf(b)), b.Kind() == slog.KindString
	case slog.KindDuration:
		if b.Kind() == slog.KindDuration {
			return cmp.Compare(a.Duration(), b.Duration()), true
		}
	case slog.KindTime:
		if b.Kind() == slog.KindTime {
			return a.Time().Compare(b.Time()), true
		}
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return compareNumbers(a, b)
	}
	return 0, false
}

// textOf does not format what is no text, as Value.String would.
func textOf(v slog.Value) string {
	if v.Kind() != slog.KindString {
		return ""
	}
	return v.String()
}

func compareNumbers(a, b slog.Value) (int, bool) {
	switch {
	case a.Kind() == slog.KindInt64 && b.Kind() == slog.KindInt64:
		return cmp.Compare(a.Int64(), b.Int64()), true
	case a.Kind() == slog.KindUint64 && b.Kind() == slog.KindUint64:
		return cmp.Compare(a.Uint64(), b.Uint64()), true
	}
	x, ok := floatOf(a)
	y, also := floatOf(b)
	if !ok || !also || x != x || y != y {
		return 0, false // NaN has no place in an order
	}
	return cmp.Compare(x, y), true
}

// floatOf is exact up to 2^53, beyond which nobody asks a log for a range of
// mixed types.
func floatOf(v slog.Value) (float64, bool) {
	switch v.Kind() {
	case slog.KindInt64:
		return float64(v.Int64()), true
	case slog.KindUint64:
		return float64(v.Uint64()), true
	case slog.KindFloat64:
		return v.Float64(), true
	}
	return 0, false
}
