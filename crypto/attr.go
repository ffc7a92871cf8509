package crypto

import (
	"log/slog"

	"github.com/slogship/slogship/internal/codec"
)

// AppendAttr appends a, as the policy leaves it, to the payload or encoded prefix
// in dst: it takes the place of codec.AppendAttr. g is where a stands. It never
// fails, and keeps nothing of a.
//
// An attribute that no rule names costs a look-up of its key. One that is sealed
// costs the encryption, and allocates nothing unless its value is of a kind that
// is slow anyway (a struct, a map).
func (g *Group) AppendAttr(dst []byte, sc *Scratch, a slog.Attr) []byte {
	f := g.find(a.Key)
	// The fast way out, for what has no inside that rules could reach. It calls no
	// method of the value: an error is known by its type.
	if f.plain {
		switch a.Value.Kind() {
		case slog.KindGroup, slog.KindLogValuer:
		case slog.KindAny:
			if _, ok := a.Value.Any().(error); ok {
				return codec.AppendAttr(dst, a)
			}
		default:
			return codec.AppendAttr(dst, a)
		}
	}
	sc.nodes = 0
	dst = g.appendAttr(dst, sc, f, a)
	sc.trim()
	return dst
}

// appendAttr does what is not done in a few nanoseconds.
func (g *Group) appendAttr(dst []byte, sc *Scratch, f *field, a slog.Attr) []byte {
	a.Value = resolve(a.Value)
	if a.Value.Kind() == slog.KindGroup {
		return g.appendGroup(dst, sc, f, a)
	}
	if f.rule != nil && f.rule.do != Keep && direct(a.Value) {
		text := g.s.token(sc, f.rule, place{g.prefix, a.Key}, a.Value)
		return g.appendText(dst, sc, a.Key, text)
	}
	if a.Value.Kind() == slog.KindAny {
		if secret, ok := a.Value.Any().(SecretValue); ok {
			r, v := f.hiding(secret)
			return g.appendText(dst, sc, a.Key, g.s.token(sc, &r, place{g.prefix, a.Key}, v))
		}
	}
	if a, ok := g.replace(sc, f, a); ok {
		return codec.AppendAttr(dst, a)
	}
	return dst
}

// direct reports whether v is of a kind that rules apply to as it is.
func direct(v slog.Value) bool {
	if v.Kind() != slog.KindAny {
		return true
	}
	_, ok := v.Any().([]byte)
	return ok
}

// appendText appends what stands for a value. A token that would be cut is
// worth nothing; it says so instead.
func (g *Group) appendText(dst []byte, sc *Scratch, key string, text []byte) []byte {
	if text == nil {
		return dst // dropped
	}
	if len(dst)+len(text)+len(key) > codec.Limit-tokenReserve {
		text = g.s.mark(sc, MarkTooLarge)
	}
	return codec.AppendText(dst, key, text)
}

// tokenReserve is the room that codec leaves behind a large text, and some.
const tokenReserve = 128 << 10

// appendGroup walks a group. A group that stays empty vanishes in the decoder.
func (g *Group) appendGroup(dst []byte, sc *Scratch, f *field, a slog.Attr) []byte {
	if a.Key != "" && g.whole(f) {
		if len(a.Value.Group()) == 0 {
			return dst
		}
		text := g.s.token(sc, f.rule, place{g.prefix, a.Key}, a.Value)
		return g.appendText(dst, sc, a.Key, text)
	}
	inner := g
	if a.Key != "" {
		inner = g.group(f)
	}
	if sc.depth >= maxDepth || sc.nodes > maxNodes {
		return codec.AppendAttr(dst, slog.String(a.Key, markTooDeep))
	}
	sc.depth++
	dst = codec.AppendGroup(dst, a.Key)
	for _, m := range a.Value.Group() {
		// nodes, too, since a group that contains itself twice has endless members
		// at any depth.
		if sc.nodes++; sc.nodes > maxNodes {
			dst = codec.AppendAttr(dst, slog.String(m.Key, markTooDeep))
			break
		}
		dst = inner.appendAttr(dst, sc, inner.find(m.Key), m)
	}
	if a.Key != "" {
		dst = codec.AppendGroupEnd(dst)
	}
	sc.depth--
	return dst
}
