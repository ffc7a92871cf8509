package encode

import (
	"encoding/binary"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// The opcodes of pickle that are needed, with the names that Python's pickletools
// has for them. All are of protocol 2 or before.
const (
	opMark       = '('
	opStop       = '.'
	opNone       = 'N'
	opTrue       = 0x88
	opFalse      = 0x89
	opBinInt     = 'J'  // four bytes, little-endian, signed
	opLong1      = 0x8a // one byte of length, then that many, little-endian, signed
	opBinFloat   = 'G'  // eight bytes, big-endian
	opBinUnicode = 'X'  // four bytes of length, little-endian, then UTF-8
	opEmptyList  = ']'
	opAppends    = 'e' // what is on the stack down to the mark
	opEmptyDict  = '}'
	opSetItems   = 'u' // likewise, in pairs
	opProto      = 0x80
)

// pickleWriter is one AppendRecord call's state.
type pickleWriter struct {
	duration DurationFormat
	bytes    BytesFormat
	limit    int // length of dst from which on attributes are left out
}

func (w *pickleWriter) tail(dst []byte) int { return len(dst) + defaultMaxBytes/16 }

// item appends a key of a dict; its value has to follow.
func (w *pickleWriter) item(dst []byte, key string) []byte {
	dst = append(dst, opBinUnicode)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(key)))
	return append(dst, key...)
}

func (w *pickleWriter) none(dst []byte, key string) []byte {
	return append(w.item(dst, key), opNone)
}

// openText begins a string whose length is not known yet.
func (w *pickleWriter) openText(dst []byte) (_ []byte, at int) {
	dst = append(dst, opBinUnicode, 0, 0, 0, 0)
	return dst, len(dst)
}

func (w *pickleWriter) closeText(dst []byte, at int) []byte {
	binary.LittleEndian.PutUint32(dst[at-4:], uint32(len(dst)-at))
	return dst
}

// text appends a string that the service and not its input determines.
func (w *pickleWriter) text(dst []byte, s string) []byte { return w.textTo(dst, s, w.tail(dst)) }

func (w *pickleWriter) textTo(dst []byte, s string, limit int) []byte {
	dst, at := w.openText(dst)
	return w.closeText(appendRaw(dst, s, limit), at)
}

func (w *pickleWriter) int(dst []byte, n int64) []byte {
	if n == int64(int32(n)) {
		return binary.LittleEndian.AppendUint32(append(dst, opBinInt), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(dst, opLong1, 8), uint64(n))
}

// uint appends n with a ninth byte where the eighth's highest bit would be taken
// for the sign.
func (w *pickleWriter) uint(dst []byte, n uint64) []byte {
	if n <= math.MaxInt64 {
		return w.int(dst, int64(n))
	}
	return append(binary.LittleEndian.AppendUint64(append(dst, opLong1, 9), n), 0)
}

// float appends f; NaN and the infinities are floats in Python, too.
func (w *pickleWriter) float(dst []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, opBinFloat), math.Float64bits(f))
}

// attrs appends attrs as pairs for a dict: see [jsonWriter.attrs].
func (w *pickleWriter) attrs(dst []byte, attrs []slog.Attr, names *nameSet, own reserved, depth int) []byte {
	for i := range attrs {
		if i == maxAttrs || len(dst) >= w.limit {
			return w.int(w.item(dst, truncated), int64(len(attrs)-i))
		}
		key := attrs[i].Key
		n, write := names.use(attrs, i, own)
		if depth == 1 && strings.HasPrefix(key, "__") {
			n, write = n+1, true // Python's own names
		}
		var at int
		dst, at = w.openText(dst)
		dst = appendRawKey(dst, key)
		if write {
			dst = appendUse(dst, n)
		}
		dst = w.value(w.closeText(dst, at), attrs[i].Value, depth)
	}
	return dst
}

func (w *pickleWriter) value(dst []byte, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return w.textTo(dst, v.String(), w.limit)
	case slog.KindInt64:
		return w.int(dst, v.Int64())
	case slog.KindUint64:
		return w.uint(dst, v.Uint64())
	case slog.KindFloat64:
		return w.float(dst, v.Float64())
	case slog.KindBool:
		return w.bool(dst, v.Bool())
	case slog.KindDuration:
		return w.durationValue(dst, v.Duration())
	case slog.KindTime:
		dst, at := w.openText(dst)
		return w.closeText(TimeRFC3339Nano.append(dst, v.Time()), at)
	case slog.KindGroup:
		return w.group(dst, v.Group(), depth)
	default:
		return w.any(dst, v.Any(), depth)
	}
}

func (w *pickleWriter) bool(dst []byte, b bool) []byte {
	if b {
		return append(dst, opTrue)
	}
	return append(dst, opFalse)
}

func (w *pickleWriter) durationValue(dst []byte, d time.Duration) []byte {
	switch w.duration {
	case DurationText:
		dst, at := w.openText(dst)
		return w.closeText(w.duration.append(dst, d), at)
	case DurationSeconds:
		return w.float(dst, d.Seconds())
	case DurationMillis:
		return w.float(dst, float64(d)/float64(time.Millisecond))
	default:
		return w.int(dst, int64(d))
	}
}

func (w *pickleWriter) any(dst []byte, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return append(dst, opNone)
	case []byte:
		return w.bytesValue(dst, x)
	case JSON:
		dst, at := w.openText(dst)
		return w.closeText(appendRaw(dst, x, w.limit), at)
	case *Error:
		return w.error(dst, x, depth)
	case []slog.Value:
		return w.list(dst, x, depth)
	default:
		return w.textTo(dst, unsupported(x), w.limit)
	}
}

// bytesValue appends b as text: protocol 2 has bytes only as the result of a
// function call, which no receiver should allow.
func (w *pickleWriter) bytesValue(dst, b []byte) []byte {
	dst, at := w.openText(dst)
	if w.bytes == BytesText {
		return w.closeText(appendRaw(dst, b, w.limit), at)
	}
	return w.closeText(w.bytes.append(dst, b, w.limit), at)
}

func (w *pickleWriter) group(dst []byte, attrs []slog.Attr, depth int) []byte {
	if depth >= maxDepth {
		return w.text(dst, tooDeep)
	}
	names := nestedNames
	dst = append(dst, opEmptyDict, opMark)
	dst = w.attrs(dst, attrs, &names, nil, depth+1)
	return append(dst, opSetItems)
}

func (w *pickleWriter) list(dst []byte, list []slog.Value, depth int) []byte {
	if depth >= maxDepth {
		return w.text(dst, tooDeep)
	}
	dst = append(dst, opEmptyList, opMark)
	for i, v := range list {
		if len(dst) >= w.limit {
			dst = w.missing(dst, len(list)-i, " values")
			break
		}
		dst = w.value(dst, v, depth+1)
	}
	return append(dst, opAppends)
}

// missing appends a string that says that n of what were left out.
func (w *pickleWriter) missing(dst []byte, n int, what string) []byte {
	dst, at := w.openText(dst)
	dst = strconv.AppendInt(append(dst, truncated+" "...), int64(n), 10)
	return w.closeText(append(dst, what...), at)
}

// error appends e as a dict with the keys that it has as a JSON object.
func (w *pickleWriter) error(dst []byte, e *Error, depth int) []byte {
	switch {
	case e == nil:
		return append(dst, opNone)
	case depth >= maxDepth:
		return w.text(dst, tooDeep)
	}
	dst = append(dst, opEmptyDict, opMark)
	dst = w.textTo(w.item(dst, "message"), e.Message, w.limit)
	if e.Type != "" {
		dst = w.text(w.item(dst, "type"), clip(e.Type, maxKeyLen))
	}
	if len(e.Causes) > 0 {
		dst = w.causes(w.item(dst, "causes"), e.Causes, depth+1)
	}
	if len(e.Frames) > 0 {
		dst = w.stack(w.item(dst, "stack"), e.Frames)
	}
	return append(dst, opSetItems)
}

func (w *pickleWriter) causes(dst []byte, causes []*Error, depth int) []byte {
	dst = append(dst, opEmptyList, opMark)
	for i, cause := range causes {
		if len(dst) >= w.limit {
			dst = w.missing(dst, len(causes)-i, " causes")
			break
		}
		dst = w.error(dst, cause, depth)
	}
	return append(dst, opAppends)
}

func (w *pickleWriter) stack(dst []byte, frames []Frame) []byte {
	dst, at := w.openText(dst)
	return w.closeText(appendRawStack(dst, frames, w.tail(dst)), at)
}
