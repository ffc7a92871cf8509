package encode

import (
	"encoding/base64"
	"log/slog"
	"math"
	"strconv"
)

// LevelFormat says how an encoder writes levels.
type LevelFormat uint8

const (
	LevelNames   LevelFormat = 0 // one of seven names: see [LevelName]
	LevelOffsets LevelFormat = 1 // as slog prints it: "INFO+2" for NOTICE, "ERROR+4" for FATAL
	LevelNumbers LevelFormat = 2 // the integer: -8, -4, 0, 2, 4, 8, 12 and all between
)

// append appends l without quotes; only LevelNumbers needs none.
func (f LevelFormat) append(dst []byte, l slog.Level) []byte {
	switch f {
	case LevelOffsets:
		return appendLevelOffset(dst, l)
	case LevelNumbers:
		return strconv.AppendInt(dst, int64(l), 10)
	default:
		return append(dst, LevelName(l)...)
	}
}

// appendLevelOffset is slog.Level.String, which allocates for what it has no
// name for.
func appendLevelOffset(dst []byte, l slog.Level) []byte {
	base := slog.LevelDebug
	switch {
	case l >= slog.LevelError:
		base = slog.LevelError
	case l >= slog.LevelWarn:
		base = slog.LevelWarn
	case l >= slog.LevelInfo:
		base = slog.LevelInfo
	}
	dst = append(dst, LevelName(base)...)
	if l > base {
		dst = append(dst, '+')
	}
	if l != base {
		dst = strconv.AppendInt(dst, int64(l-base), 10)
	}
	return dst
}

// BytesFormat says how an encoder writes values of type []byte.
type BytesFormat uint8

const (
	BytesBase64 BytesFormat = 0 // RFC 4648 §4, padded, as encoding/json does
	BytesHex    BytesFormat = 1 // lower case
	BytesText   BytesFormat = 2 // as a string; what is not UTF-8 becomes U+FFFD
)

// append appends b without quotes, cut and marked at limit. BytesText escapes
// for use inside quotes.
func (f BytesFormat) append(dst, b []byte, limit int) []byte {
	if f == BytesText {
		return appendEscaped(dst, b, limit, true)
	}
	fits := max(limit-len(dst), 0) / 2
	cut := max(len(b)-fits, 0)
	b = b[:len(b)-cut]
	if f == BytesHex {
		dst = appendHex(dst, b)
	} else {
		dst = base64.StdEncoding.AppendEncode(dst, b)
	}
	if cut > 0 {
		dst = appendCut(dst, cut)
	}
	return dst
}

// ErrorFormat says how [JSONLines] writes errors.
type ErrorFormat uint8

const (
	// ErrorObject is {"message":…,"type":…,"causes":[…],"stack":…}, the last
	// two if there are any.
	ErrorObject ErrorFormat = 0

	// ErrorMessage is the message as a string, as slog's JSON handler writes it.
	ErrorMessage ErrorFormat = 1
)

// appendFloat appends f as encoding/json does (but e-07, not e-7: JSON allows
// both). It reports false, and appends nothing, for NaN and the infinities,
// which JSON has no number for.
func appendFloat(dst []byte, f float64) ([]byte, bool) {
	abs := math.Abs(f)
	switch {
	case !(abs <= math.MaxFloat64):
		return dst, false
	case abs != 0 && abs < 1e-6 || abs >= 1e21:
		return strconv.AppendFloat(dst, f, 'e', -1, 64), true
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64), true
}

// floatName names what appendFloat refuses.
func floatName(f float64) string {
	switch {
	case f > 0:
		return "+Inf"
	case f < 0:
		return "-Inf"
	}
	return "NaN"
}
