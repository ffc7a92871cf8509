package codec

import (
	"encoding/binary"
	"log/slog"
	"math"
)

// AppendAttr appends a to the payload or encoded prefix in dst and returns the
// extended slice. It resolves LogValuers, inlines groups with an empty key,
// leaves out empty attributes and groups, and turns values of kind Any into
// the closed set of [encode.Record]. It never fails: see the package comment
// for what becomes of bad input. It keeps nothing of a.
//
// An attribute is an entry:
//
//	+------+---------+-----+-------+
//	| kind | len key | key | value |
//	+------+---------+-----+-------+
//
// What is here is the fast path: attributes that cannot run into a limit.
// Everything else goes through a builder.
func AppendAttr(dst []byte, a slog.Attr) []byte {
	if len(a.Key) >= 0x80 || len(dst) > bulkLimit {
		return appendAttrSlow(dst, a)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		if s := a.Value.String(); len(s) <= smallText {
			return appendString(appendHead(dst, kindString, a.Key), s)
		}
	case slog.KindInt64:
		return appendUint64(appendHead(dst, kindInt64, a.Key), uint64(a.Value.Int64()))
	case slog.KindDuration:
		return appendUint64(appendHead(dst, kindDuration, a.Key), uint64(a.Value.Duration()))
	case slog.KindBool:
		return appendHead(dst, boolKind(a.Value.Bool()), a.Key)
	case slog.KindUint64:
		return appendUint64(appendHead(dst, kindUint64, a.Key), a.Value.Uint64())
	case slog.KindFloat64:
		return appendUint64(appendHead(dst, kindFloat64, a.Key), math.Float64bits(a.Value.Float64()))
	case slog.KindTime:
		return appendTime(appendHead(dst, kindTime, a.Key), a.Value.Time())
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok && isPlain(err) {
			return appendPlainError(dst, a.Key, err)
		}
	}
	return appendAttrSlow(dst, a)
}

// appendAttrSlow is AppendAttr for any attribute at any fill. It is a function
// of its own so that the fast path needs no room for a builder.
func appendAttrSlow(dst []byte, a slog.Attr) []byte {
	var b builder
	return b.finish(b.attr(dst, a, 0))
}

// appendHead begins an entry whose key is shorter than 128 bytes.
func appendHead(dst []byte, kind byte, key string) []byte {
	return append(append(dst, kind, byte(len(key))), key...)
}

// AppendText is AppendAttr for a string that is still bytes: what package crypto
// has made of a value. A conversion would allocate.
func AppendText(dst []byte, key string, text []byte) []byte {
	const head = 1 + 1 + binary.MaxVarintLen64 // kind and two lengths, at most
	if len(key) >= 0x80 || len(dst)+head+len(key)+len(text) > bulkLimit {
		return appendAttrSlow(dst, slog.String(key, string(text)))
	}
	dst = appendUvarint(appendHead(dst, kindString, key), uint64(len(text)))
	return append(dst, text...)
}

func boolKind(v bool) byte {
	if v {
		return kindTrue
	}
	return kindFalse
}

// AppendGroup opens a group: the entries after it belong to it, up to
// [AppendGroupEnd] or the end of the payload. A group that gets no entries
// vanishes when the payload is decoded. An empty name opens nothing, as with
// slog's WithGroup, and must then not be ended.
func AppendGroup(dst []byte, name string) []byte {
	if name == "" {
		return dst
	}
	if full(dst) {
		return appendCut(dst, 1)
	}
	var b builder
	return b.finish(b.name(append(dst, kindGroup), name))
}

// AppendGroupEnd closes the group opened last. Where none is open it has no
// effect. (Past softLimit it is left out: no entry can follow.)
func AppendGroupEnd(dst []byte) []byte {
	if full(dst) {
		return dst
	}
	return append(dst, kindEnd)
}
