package otlp

import (
	"encoding/binary"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/slogship/slogship/encode"
)

// maxDepth is how deep groups are followed, as in package encode. Receivers in Go
// refuse a request with messages nested deeper than 10,000, others than 100: each
// group takes two or three.
const maxDepth = 24

// truncated stands for what is nested deeper.
const truncated = "…truncated"

// The fields of an AnyValue (opentelemetry/proto/common/v1/common.proto).
const (
	anyText   = 1
	anyBool   = 2
	anyInt    = 3
	anyDouble = 4
	anyList   = 5
	anyMap    = 6
	anyBytes  = 7
)

func appendLength(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

// appendKey begins a KeyValue with a value of size bytes: tag, length and key.
func appendKey(dst []byte, field int, key string, size int) []byte {
	inner := 1 + sizeOf(uint64(len(key))) + len(key) + 1 + sizeOf(uint64(size)) + size
	dst = appendLength(append(dst, tag(field, wireBytes)), inner)
	dst = appendText(dst, 1, key)
	return appendLength(append(dst, tag(2, wireBytes)), size)
}

func appendTextPair[T string | []byte](dst []byte, field int, key string, value T) []byte {
	dst = appendKey(dst, field, key, 1+sizeOf(uint64(len(value)))+len(value))
	return appendText(dst, anyText, value)
}

func appendIntPair(dst []byte, field int, key string, value int64) []byte {
	dst = appendKey(dst, field, key, 1+sizeOf(uint64(value)))
	return appendNumber(dst, anyInt, uint64(value))
}

// pairs appends attrs as fields of KeyValue, under names that are free: what a
// receiver does with one that is there twice is for it to say
// (https://opentelemetry.io/docs/specs/otel/common/#attribute-collections).
func (b *builder) pairs(dst []byte, field int, attrs []slog.Attr, taken *names, depth int) []byte {
	for i := range attrs {
		key := taken.free(valid(attrs[i].Key))
		dst = b.pair(dst, field, key, attrs[i].Value, depth)
	}
	return dst
}

// pair appends one KeyValue. What is usual has a length that is known; for what
// has parts it comes with the end of them.
func (b *builder) pair(dst []byte, field int, key string, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendTextPair(dst, field, key, valid(v.String()))
	case slog.KindInt64:
		return appendIntPair(dst, field, key, v.Int64())
	case slog.KindBool:
		return append(appendKey(dst, field, key, 2), tag(anyBool, wireVarint), number(v.Bool()))
	case slog.KindFloat64:
		return appendFixed64(appendKey(dst, field, key, 9), anyDouble, math.Float64bits(v.Float64()))
	case slog.KindDuration:
		return appendIntPair(dst, field, key, int64(v.Duration()))
	}
	dst, at := roomSmall.open(dst, field)
	dst, inner := roomSmall.open(appendText(dst, 1, key), 2)
	dst = roomSmall.close(b.value(dst, v, depth), inner)
	return roomSmall.close(dst, at)
}

func number(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// value appends the content of an AnyValue; nothing for nil, which is how OTLP
// says it. Durations are nanoseconds, as OpenTelemetry's bridge for slog has
// them.
func (b *builder) value(dst []byte, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendText(dst, anyText, valid(v.String()))
	case slog.KindInt64:
		return appendNumber(dst, anyInt, uint64(v.Int64()))
	case slog.KindUint64:
		return appendUnsigned(dst, v.Uint64())
	case slog.KindFloat64:
		return appendFixed64(dst, anyDouble, math.Float64bits(v.Float64()))
	case slog.KindBool:
		return append(dst, tag(anyBool, wireVarint), number(v.Bool()))
	case slog.KindDuration:
		return appendNumber(dst, anyInt, uint64(v.Duration()))
	case slog.KindTime:
		return appendText(dst, anyText, v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		return b.group(dst, v.Group(), depth)
	}
	return b.any(dst, v.Any(), depth)
}

// appendUnsigned writes what no int64 can hold as text: a wrong number is worse
// than none that adds up.
func appendUnsigned(dst []byte, n uint64) []byte {
	if n > math.MaxInt64 {
		return appendText(dst, anyText, strconv.FormatUint(n, 10))
	}
	return appendNumber(dst, anyInt, n)
}

// any appends the values of encode.Record's closed set.
func (b *builder) any(dst []byte, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return dst
	case []byte:
		return appendText(dst, anyBytes, x)
	case encode.JSON:
		return b.value(dst, jsonValue(x, depth), depth)
	case *encode.Error:
		if x == nil {
			return dst
		}
		return appendText(dst, anyText, valid(x.Message))
	case []slog.Value:
		return b.list(dst, x, depth)
	}
	return dst
}

// group appends a KeyValueList.
func (b *builder) group(dst []byte, attrs []slog.Attr, depth int) []byte {
	if depth >= maxDepth {
		return appendText(dst, anyText, truncated)
	}
	var taken names // of this group's; it does not leave the stack
	dst, at := roomSmall.open(dst, anyMap)
	return roomSmall.close(b.pairs(dst, 1, attrs, &taken, depth+1), at)
}

// list appends an ArrayValue.
func (b *builder) list(dst []byte, values []slog.Value, depth int) []byte {
	if depth >= maxDepth {
		return appendText(dst, anyText, truncated)
	}
	dst, at := roomSmall.open(dst, anyList)
	for _, v := range values {
		var inner int
		dst, inner = roomSmall.open(dst, 1)
		dst = roomSmall.close(b.value(dst, v, depth+1), inner)
	}
	return roomSmall.close(dst, at)
}
