package codec

import (
	"log/slog"
	"math"
	"time"

	"github.com/slogship/slogship/encode"
)

// entries reads entries up to the end of the innermost group or of the
// payload and appends them to out. It returns the index behind them.
//
// The record's own attributes are appended straight to their arena; those of a
// group are gathered in a slice per depth first, because groups inside it
// would otherwise end up between them.
func (d *Decoder) entries(out []slog.Attr, p string, i, depth int) ([]slog.Attr, int) {
	for uint(i) < uint(len(p)) {
		kind := p[i]
		i++
		if kind > kindJSON {
			// Not a plain value; rare enough for a function of its own.
			var done bool
			if out, i, done = d.special(out, p, i, kind, depth); done {
				return out, i
			}
			continue
		}
		var a slog.Attr
		a.Key, i = readString(p, i)
		if d.used.attrs++; d.used.attrs > MaxAttrs || depth > MaxDepth {
			i = d.leaveOut(p, i, kind)
			continue
		}
		a.Value, i = d.plain(p, i, kind)
		out = append(out, a)
	}
	return out, i
}

// plain reads a value that holds no others. A kind that is not known is
// corrupt: a later version that adds one also raises the version.
func (d *Decoder) plain(p string, i int, kind byte) (slog.Value, int) {
	switch kind {
	case kindString:
		s, i := readString(p, i)
		return slog.StringValue(s), i
	case kindInt64:
		n, i := readUint64(p, i)
		return slog.Int64Value(int64(n)), i
	case kindDuration:
		n, i := readUint64(p, i)
		return slog.DurationValue(time.Duration(n)), i
	case kindFalse, kindTrue:
		return slog.BoolValue(kind == kindTrue), i
	case kindUint64:
		n, i := readUint64(p, i)
		return slog.Uint64Value(n), i
	case kindFloat64:
		n, i := readUint64(p, i)
		return slog.Float64Value(math.Float64frombits(n)), i
	case kindTime:
		t, i := d.time(p, i)
		return slog.TimeValue(t), i
	case kindNil:
		return slog.Value{}, i
	case kindBytes:
		b, i := d.copyBytes(p, i)
		return slog.AnyValue(b), i
	case kindJSON:
		b, i := d.copyBytes(p, i)
		return slog.AnyValue(encode.JSON(b)), i
	default:
		return slog.Value{}, -1
	}
}

// copyBytes reads a byte slice: alone among texts it must be copied, since it
// can be written to and strings cannot.
func (d *Decoder) copyBytes(p string, i int) ([]byte, int) {
	s, i := readString(p, i)
	start := len(d.bytes)
	d.bytes = append(d.bytes, s...)
	return d.bytes[start:len(d.bytes):len(d.bytes)], i
}

// special reads the entries that are not plain values. done says that it was
// the end of the group, or that there is no going on.
func (d *Decoder) special(out []slog.Attr, p string, i int, kind byte, depth int) (_ []slog.Attr, next int, done bool) {
	var a slog.Attr
	switch kind {
	case kindEnd:
		return out, i, true
	case kindCut:
		var n uint32
		n, i = readUint32(p, i)
		d.used.cut += int64(n)
		return out, i, false
	case kindPad:
		return out, skipPad(p, i), false
	}
	a.Key, i = readString(p, i)
	if d.used.attrs++; d.used.attrs > MaxAttrs || depth > MaxDepth {
		return out, d.leaveOut(p, i, kind), false
	}
	switch kind {
	case kindGroup:
		var attrs []slog.Attr
		attrs, i = d.group(p, i, depth+1)
		if len(attrs) == 0 {
			return out, i, false // opened by WithGroup, and nothing was logged
		}
		a.Value = slog.GroupValue(attrs...)
	case kindError, kindList:
		a.Value, i = d.compound(p, i, kind, depth)
	default:
		return out, -1, true
	}
	return append(out, a), i, false
}

// leaveOut steps over an entry beyond the limits, and all of it if it is a
// group: that counts as one, since counting what is in it would need to resolve
// what of it vanishes.
func (d *Decoder) leaveOut(p string, i int, kind byte) int {
	d.used.cut++
	if kind == kindGroup {
		return skipGroup(p, i, 0)
	}
	return skipValue(p, i, kind, 0)
}

// group reads the entries of a group into the arena of nested attributes. The
// levels are there for every depth that can be reached: entries and list stop
// going deeper at MaxDepth.
func (d *Decoder) group(p string, i, depth int) ([]slog.Attr, int) {
	for len(d.levels) <= depth {
		d.levels = append(d.levels, nil)
	}
	attrs, i := d.entries(d.levels[depth][:0], p, i, depth)
	d.levels[depth] = attrs
	start := len(d.nested)
	d.nested = append(d.nested, attrs...)
	return clip(d.nested, start), i
}

// element reads the value of a list element.
func (d *Decoder) element(p string, i, depth int) (slog.Value, int) {
	kind, i := readByte(p, i)
	switch kind {
	case kindGroup:
		attrs, i := d.group(p, i, depth+1)
		if len(attrs) == 0 {
			return slog.Value{}, i
		}
		return slog.GroupValue(attrs...), i
	case kindError, kindList:
		return d.compound(p, i, kind, depth)
	default:
		return d.plain(p, i, kind)
	}
}

// compound reads an error or a list. A list costs a box (see Decoder); an error
// does not, being a pointer.
func (d *Decoder) compound(p string, i int, kind byte, depth int) (slog.Value, int) {
	if kind == kindError {
		e, i := d.error(p, i)
		return slog.AnyValue(e), i
	}
	values, i := d.list(p, i, depth+1)
	return slog.AnyValue(values), i
}

// list reads a list whose elements lie in depth groups and lists.
func (d *Decoder) list(p string, i, depth int) ([]slog.Value, int) {
	n, i := readUint32(p, i)
	if i < 0 || uint64(n) > uint64(len(p)-i) { // an element is a byte at least
		return nil, -1
	}
	keep := min(int(n), maxNodes-d.used.nodes)
	if depth > MaxDepth {
		keep = 0
	}
	d.used.nodes += keep
	d.used.cut += int64(int(n) - keep)
	// The elements' place is taken before they are read: those of lists inside
	// come behind it. Readers of d.values hold the slice, not the arena, so it
	// may move meanwhile.
	start := len(d.values)
	d.values = append(d.values, make([]slog.Value, keep)...)
	values := d.values[start:len(d.values):len(d.values)]
	for k := range values {
		values[k], i = d.element(p, i, depth)
		if i < 0 {
			return nil, -1
		}
	}
	// A list cut here still has its other elements in the payload.
	for range int(n) - keep {
		i = skipElement(p, i, 0)
	}
	return values, i
}
