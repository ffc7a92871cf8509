package encode

import (
	"strconv"
	"time"
)

// DurationFormat says how an encoder writes durations.
type DurationFormat uint8

const (
	// DurationDefault is DurationNanos for [JSONLines], which is what slog's JSON
	// handler writes, and DurationText for [Logfmt] and [Text], which is what
	// its text handler writes.
	DurationDefault DurationFormat = 0

	DurationNanos   DurationFormat = 1 // an integer
	DurationText    DurationFormat = 2 // "1.5s", as time.Duration prints itself
	DurationSeconds DurationFormat = 3 // 1.5, a decimal number without rounding
	DurationMillis  DurationFormat = 4 // 1500, likewise
)

func (f DurationFormat) or(def DurationFormat) DurationFormat {
	if f == DurationDefault {
		return def
	}
	return f
}

// append appends d without quotes; only DurationText would need them.
func (f DurationFormat) append(dst []byte, d time.Duration) []byte {
	switch f {
	case DurationText:
		return append(dst, d.String()...) // does not allocate: String is inlined
	case DurationSeconds:
		return appendDecimal(dst, int64(d), 9)
	case DurationMillis:
		return appendDecimal(dst, int64(d), 6)
	default:
		return strconv.AppendInt(dst, int64(d), 10)
	}
}

// appendDecimal appends n/10^digits exactly.
func appendDecimal(dst []byte, n int64, digits int) []byte {
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	whole, frac := n/unit, n%unit
	if frac < 0 {
		whole, frac = whole-1, frac+unit
	}
	return appendSeconds(dst, whole, frac, digits)
}
