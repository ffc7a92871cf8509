package crypto

import (
	"encoding/binary"
	"log/slog"
	"math"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/codec"
)

// Kinds of a sealed value, its first byte. Persisted: letters, so that a dump
// can be read.
//
// The buffer's own format would have done for the inside of a token, too. It may
// get a new version with any minor release, though, while a token lies in
// somebody's log store for ten years.
const (
	kindString   = 's'
	kindInt64    = 'i'
	kindUint64   = 'u'
	kindFloat64  = 'f'
	kindBool     = 'b'
	kindDuration = 'd'
	kindTime     = 't'
	kindNil      = '0'
	kindBytes    = 'y'
	kindJSON     = 'j'
	kindError    = 'e'
	kindList     = 'l'
	kindGroup    = 'g'
)

// maxDepth bounds nesting, when values are written and when they are read.
const maxDepth = codec.MaxDepth

// appendValue appends v, which is resolved. Kinds that a log call meets every
// day take no allocation; what is in an interface is first brought to the closed
// set of [encode.Record].
func appendValue(dst []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return append(append(dst, kindString), v.String()...)
	case slog.KindInt64:
		return binary.BigEndian.AppendUint64(append(dst, kindInt64), uint64(v.Int64()))
	case slog.KindUint64:
		return binary.BigEndian.AppendUint64(append(dst, kindUint64), v.Uint64())
	case slog.KindFloat64:
		return binary.BigEndian.AppendUint64(append(dst, kindFloat64), math.Float64bits(v.Float64()))
	case slog.KindDuration:
		return binary.BigEndian.AppendUint64(append(dst, kindDuration), uint64(v.Duration()))
	case slog.KindBool:
		if v.Bool() {
			return append(dst, kindBool, 1)
		}
		return append(dst, kindBool, 0)
	case slog.KindTime:
		return appendTime(append(dst, kindTime), v)
	default:
		return appendClosed(dst, normal(reveal(v)), 0)
	}
}

// maxOffset is the first zone offset, in seconds, that RFC 3339 cannot write.
const maxOffset = 24 * 60 * 60

// appendTime appends an instant and its offset from UTC. The zone's name and
// the monotonic reading are not kept, as in the buffer. A zone a day or more off is
// a mistake, which no opener reads: UTC keeps the instant, as in the buffer too.
func appendTime(dst []byte, v slog.Value) []byte {
	t := v.Time()
	_, offset := t.Zone()
	if offset <= -maxOffset || offset >= maxOffset {
		offset = 0
	}
	dst = binary.BigEndian.AppendUint64(dst, uint64(t.Unix()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(t.Nanosecond()))
	return binary.BigEndian.AppendUint32(dst, uint32(int32(offset)))
}

// appendClosed appends a value of the closed set.
func appendClosed(dst []byte, v slog.Value, depth int) []byte {
	switch {
	case depth > maxDepth:
		return append(dst, kindNil)
	case v.Kind() == slog.KindGroup:
		dst = append(dst, kindGroup)
		for _, a := range v.Group() {
			dst = appendText(dst, a.Key)
			dst = appendSized(dst, a.Value, depth+1)
		}
		return dst
	case v.Kind() != slog.KindAny:
		return appendValue(dst, v)
	}
	switch x := v.Any().(type) {
	case []byte:
		return append(append(dst, kindBytes), x...)
	case encode.JSON:
		return append(append(dst, kindJSON), x...)
	case *encode.Error:
		return appendError(append(dst, kindError), x)
	case []slog.Value:
		dst = append(dst, kindList)
		for _, e := range x {
			dst = appendSized(dst, e, depth+1)
		}
		return dst
	default:
		return append(dst, kindNil)
	}
}

// appendSized appends a value inside another one, behind its length.
func appendSized(dst []byte, v slog.Value, depth int) []byte {
	at := len(dst)
	dst = appendClosed(append(dst, 0, 0, 0, 0), v, depth)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendError appends an error and its causes. Numbers take a varint each: an
// error is not what a log call is timed by.
func appendError(dst []byte, e *encode.Error) []byte {
	dst = appendText(appendText(dst, e.Type), e.Message)
	dst = binary.AppendUvarint(dst, uint64(len(e.Frames)))
	for _, f := range e.Frames {
		dst = appendText(appendText(dst, f.Function), f.File)
		dst = binary.AppendUvarint(dst, uint64(f.Line))
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.Causes)))
	for _, c := range e.Causes {
		dst = appendError(dst, c)
	}
	return dst
}

// appendText appends a text with its length.
func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// normal brings v to the closed set, as the buffer would: it is written for the
// buffer and read again. That is slow, and it is the one way to get the very
// value that would have been logged, with all that package codec knows of
// cycles, panics and limits.
func normal(v slog.Value) slog.Value {
	if isClosed(v) {
		return v
	}
	p := codec.AppendHeader(nil, &codec.Header{})
	p = codec.AppendAttr(p, slog.Attr{Key: "v", Value: v})
	var d codec.Decoder
	var rec encode.Record
	if err := d.Decode(string(p), &rec); err != nil || len(rec.Attrs) == 0 || rec.Attrs[0].Key != "v" {
		return slog.AnyValue(nil) // an empty group, which is no attribute at all
	}
	return rec.Attrs[0].Value
}

// isClosed reports whether v is in the closed set without a look inside.
func isClosed(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindGroup, slog.KindLogValuer:
		return false
	case slog.KindAny:
		switch v.Any().(type) {
		case nil, []byte:
			return true
		}
		return false
	}
	return true
}
