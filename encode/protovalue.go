package encode

import (
	"log/slog"
	"math"
	"time"
)

// attrs appends attrs as messages Attribute, each in the field given. names
// starts with those that are taken.
func (w *protoWriter) attrs(dst []byte, field int, attrs []slog.Attr, names *nameSet, depth int) []byte {
	for i := range attrs {
		dst = appendTag(dst, field, wireBytes)
		var at int
		dst, at = openLength(dst)
		if i == maxAttrs || len(dst) >= w.limit {
			dst = appendTextField(dst, attrKey, truncated, len(dst)+maxKeyLen)
			dst = appendSignedField(dst, attrInt, int64(len(attrs)-i))
			return closeLength(dst, at)
		}
		dst = w.key(dst, attrs, i, names)
		dst = w.value(dst, attrs[i].Value, depth)
		dst = closeLength(dst, at)
	}
	return dst
}

// key appends the name of attrs[i], numbered if it is in use. A receiver that
// puts attributes into a map would lose one of two otherwise.
func (w *protoWriter) key(dst []byte, attrs []slog.Attr, i int, names *nameSet) []byte {
	key := attrs[i].Key
	// nameSet.use, with its usual answer here: this is called for each attribute.
	seen := names.addHash(nameHash(key))
	if !seen && len(key) <= maxKeyLen && plainLen(key) == len(key) && !numbered(key) {
		return w.string(dst, attrKey, key)
	}
	n, write := nameUse(attrs, i, nil)
	if !write && len(key) <= maxKeyLen {
		return w.string(dst, attrKey, key)
	}
	dst, at := openLength(appendTag(dst, attrKey, wireBytes))
	dst = appendRawKey(dst, key)
	if write {
		dst = appendUse(dst, n)
	}
	return closeLength(dst, at)
}

// appendRawKey appends a name to a binary format, cut.
func appendRawKey(dst []byte, key string) []byte {
	dst = appendRaw(dst, clip(key, maxKeyLen), len(dst)+4*maxKeyLen)
	if len(key) > maxKeyLen {
		dst = append(dst, truncated...)
	}
	return dst
}

// value appends the field of Attribute that v's kind has. A field of a oneof is
// written also if it is zero: that is how the receiver knows the kind.
func (w *protoWriter) value(dst []byte, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendTextField(dst, attrString, v.String(), w.limit)
	case slog.KindInt64:
		return appendSignedField(dst, attrInt, v.Int64())
	case slog.KindUint64:
		return appendVarintField(dst, attrUint, v.Uint64())
	case slog.KindFloat64:
		return appendFixedField(dst, attrDouble, math.Float64bits(v.Float64()))
	case slog.KindBool:
		return w.bool(dst, v.Bool())
	case slog.KindDuration:
		return appendSignedField(dst, attrDuration, int64(v.Duration()))
	case slog.KindTime:
		return w.time(dst, v.Time())
	case slog.KindGroup:
		return w.group(dst, v.Group(), depth)
	default:
		return w.any(dst, v.Any(), depth)
	}
}

func (w *protoWriter) bool(dst []byte, b bool) []byte {
	if b {
		return appendVarintField(dst, attrBool, 1)
	}
	return appendVarintField(dst, attrBool, 0)
}

func (w *protoWriter) time(dst []byte, t time.Time) []byte {
	if !t.Before(earliest) && !t.After(latest) {
		return appendFixedField(dst, attrTime, uint64(t.UnixNano()))
	}
	dst, at := openLength(appendTag(dst, attrString, wireBytes))
	return closeLength(TimeRFC3339Nano.append(dst, t), at)
}

func (w *protoWriter) any(dst []byte, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return dst
	case []byte:
		return w.bytes(dst, x)
	case JSON:
		return w.json(dst, x, depth)
	case *Error:
		if x == nil {
			return dst
		}
		return w.error(dst, attrError, x, depth)
	case []slog.Value:
		return w.list(dst, x, depth)
	default:
		return appendTextField(dst, attrString, unsupported(x), w.limit)
	}
}

// bytes appends all of b or none: half an image is no image, and there is no
// room for a mark in it.
func (w *protoWriter) bytes(dst, b []byte) []byte {
	if len(dst)+len(b) <= w.limit {
		return appendBytesField(dst, attrBytes, b)
	}
	dst, at := openLength(appendTag(dst, attrString, wireBytes))
	return closeLength(appendCut(dst, len(b)), at)
}

// json appends valid JSON as such, and anything else as a string: see
// [jsonWriter.json].
func (w *protoWriter) json(dst []byte, src JSON, depth int) []byte {
	start := len(dst)
	dst, at := openLength(appendTag(dst, attrJSON, wireBytes))
	c := jsonCopier{src: src, limit: w.limit, deepest: maxDepth}
	if dst, ok := c.document(dst, depth); ok {
		return closeLength(dst, at)
	}
	return appendTextField(dst[:start], attrString, src, w.limit)
}

func (w *protoWriter) group(dst []byte, attrs []slog.Attr, depth int) []byte {
	if depth >= protoDepth {
		return appendTextField(dst, attrString, tooDeep, len(dst)+maxKeyLen)
	}
	dst, at := openLength(appendTag(dst, attrGroup, wireBytes))
	names := nestedNames
	return closeLength(w.attrs(dst, groupAttributes, attrs, &names, depth+1), at)
}

func (w *protoWriter) list(dst []byte, list []slog.Value, depth int) []byte {
	if depth >= protoDepth {
		return appendTextField(dst, attrString, tooDeep, len(dst)+maxKeyLen)
	}
	dst, at := openLength(appendTag(dst, attrList, wireBytes))
	for i, v := range list {
		var element int
		dst, element = openLength(appendTag(dst, listValues, wireBytes))
		if len(dst) >= w.limit {
			dst = w.mark(dst, attrString, len(list)-i, " values")
			dst = closeLength(dst, element)
			break
		}
		dst = closeLength(w.value(dst, v, depth+1), element)
	}
	return closeLength(dst, at)
}

// mark appends a string that says that n of what are missing.
func (w *protoWriter) mark(dst []byte, field, n int, what string) []byte {
	dst, at := openLength(appendTag(dst, field, wireBytes))
	dst = appendInt(append(dst, truncated+" "...), int64(n))
	return closeLength(append(dst, what...), at)
}

// error appends e as a message Error in the field given.
func (w *protoWriter) error(dst []byte, field int, e *Error, depth int) []byte {
	dst, at := openLength(appendTag(dst, field, wireBytes))
	if depth >= protoDepth {
		dst = appendTextField(dst, errorMessage, tooDeep, len(dst)+maxKeyLen)
		return closeLength(dst, at)
	}
	dst = w.string(dst, errorType, clip(e.Type, maxKeyLen))
	if e.Message != "" {
		dst = appendTextField(dst, errorMessage, e.Message, w.limit)
	}
	dst = w.frames(dst, errorFrames, e.Frames)
	for i, cause := range e.Causes {
		if len(dst) >= w.limit {
			var last int
			dst, last = openLength(appendTag(dst, errorCauses, wireBytes))
			dst = closeLength(w.mark(dst, errorMessage, len(e.Causes)-i, " causes"), last)
			break
		}
		if cause != nil {
			dst = w.error(dst, errorCauses, cause, depth+1)
		}
	}
	return closeLength(dst, at)
}

// frames appends a stack, ended as [appendStack] ends one that is too long.
func (w *protoWriter) frames(dst []byte, field int, frames []Frame) []byte {
	for i, f := range frames {
		if i == maxFrames || len(dst) >= w.limit {
			dst, at := openLength(appendTag(dst, field, wireBytes))
			return closeLength(w.mark(dst, frameFunction, len(frames)-i, " frames"), at)
		}
		dst = w.frame(dst, field, f)
	}
	return dst
}

func (w *protoWriter) frame(dst []byte, field int, f Frame) []byte {
	dst, at := openLength(appendTag(dst, field, wireBytes))
	dst = w.string(dst, frameFunction, f.Function)
	dst = w.string(dst, frameFile, f.File)
	if f.Line > 0 {
		dst = appendVarintField(dst, frameLine, uint64(uint32(f.Line)))
	}
	return closeLength(dst, at)
}
