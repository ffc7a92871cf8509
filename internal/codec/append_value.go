package codec

import (
	"log/slog"
	"math"
)

// place is where a value goes: behind a key, or into a list. The zero place is
// an element of a list. (Whether there is a key cannot be told from the key: an
// attribute may have an empty one.)
type place struct {
	key   string
	keyed bool
}

// head begins the value's entry or element.
func (b *builder) head(dst []byte, at place, kind byte) []byte {
	dst = append(dst, kind)
	if at.keyed {
		dst = b.name(dst, at.key)
	}
	return dst
}

// attr appends one attribute that lies in depth groups and lists. The rules for
// what vanishes are slog's, and are applied after resolving as slog does.
func (b *builder) attr(dst []byte, a slog.Attr, depth int) []byte {
	if !b.begin(dst, depth) {
		return dst
	}
	v := resolve(a.Value)
	switch {
	case v.Kind() == slog.KindGroup && a.Key == "":
		return b.entries(dst, v.Group(), depth+1) // inlined
	case a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil:
		return dst // an empty attribute
	case b.attrs >= MaxAttrs:
		b.cut++
		return dst
	}
	b.attrs++
	return b.value(dst, place{a.Key, true}, v, depth)
}

// begin reports whether one more value may be begun, and counts it as cut if
// not. nodes bounds the time of a call whatever it is given: a group built to
// contain itself twice has endless attributes and may still leave no byte.
func (b *builder) begin(dst []byte, depth int) bool {
	b.nodes++
	if full(dst) || depth > MaxDepth || b.nodes > maxNodes {
		b.cut++
		return false
	}
	return true
}

// entries appends the attributes of a group. When the limits are used up the
// rest is counted at once, so that a cyclic group is left quickly.
func (b *builder) entries(dst []byte, attrs []slog.Attr, depth int) []byte {
	for i, a := range attrs {
		if b.nodes > maxNodes {
			b.cut += len(attrs) - i
			break
		}
		dst = b.attr(dst, a, depth)
	}
	return dst
}

// value appends a resolved value. Nothing it calls checks for room before a
// number: begin has left enough for those.
func (b *builder) value(dst []byte, at place, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return b.text(b.head(dst, at, kindString), v.String())
	case slog.KindInt64:
		return appendUint64(b.head(dst, at, kindInt64), uint64(v.Int64()))
	case slog.KindUint64:
		return appendUint64(b.head(dst, at, kindUint64), v.Uint64())
	case slog.KindFloat64:
		return appendUint64(b.head(dst, at, kindFloat64), math.Float64bits(v.Float64()))
	case slog.KindBool:
		return b.head(dst, at, boolKind(v.Bool()))
	case slog.KindDuration:
		return appendUint64(b.head(dst, at, kindDuration), uint64(v.Duration()))
	case slog.KindTime:
		return appendTime(b.head(dst, at, kindTime), v.Time())
	case slog.KindGroup:
		return b.group(dst, at, v.Group(), depth)
	default:
		return b.any(dst, at, v.Any(), depth)
	}
}

// group appends a group, or nothing if nothing is in it. In a list an empty
// group is a nil, so that the other elements keep their index.
func (b *builder) group(dst []byte, at place, attrs []slog.Attr, depth int) []byte {
	// Whether there is something in it is known only afterwards: an attribute
	// may be empty, or resolve to an empty group. Looking ahead instead would
	// call every LogValue twice.
	start := len(dst)
	dst = b.head(dst, at, kindGroup)
	first := len(dst)
	dst = b.entries(dst, attrs, depth+1)
	if len(dst) > first {
		return append(dst, kindEnd)
	}
	dst = dst[:start]
	if !at.keyed {
		dst = append(dst, kindNil)
	}
	return dst
}
