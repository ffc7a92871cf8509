package encode

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// jsonWriter is one AppendRecord call's state. It lives on the caller's stack.
type jsonWriter struct {
	names      *fieldNames // "": not written
	plainNames bool        // names are the defaults and need no escape
	level      LevelFormat
	time       TimeFormat
	duration   DurationFormat
	errors     ErrorFormat
	bytes      BytesFormat
	limit      int // length of dst from which on attributes are left out
	deepest    int // how deep values may nest; below maxDepth for some destinations

	// For ECS: names are made fit for Elasticsearch, see [elasticName], and there
	// are no numbers that it refuses.
	elastic bool

	// For ECS: the error that is written elsewhere and not among the attributes.
	lifted *Error
}

func newJSONWriter(j *JSONLines, dst []byte) jsonWriter {
	return jsonWriter{
		level:    j.Level,
		time:     j.Time.or(TimeRFC3339Nano),
		duration: j.Duration.or(DurationNanos),
		errors:   j.Errors,
		bytes:    j.Bytes,
		limit:    limitFor(dst, j.MaxBytes),
		deepest:  maxDepth,
	}
}

// tail is the limit for what comes after the attributes: they may have used up
// their own, and a record without its ID or resource is worth little.
func (w *jsonWriter) tail(dst []byte) int { return len(dst) + defaultMaxBytes/16 }

func (w *jsonWriter) has(field int) bool { return w.names[field] != "" }

// field appends the name of one of the record's own fields.
func (w *jsonWriter) field(dst []byte, field int) []byte {
	name := w.names[field]
	if w.plainNames {
		return appendPlainName(dst, name)
	}
	dst = append(dst, ',')
	dst = appendQuoted(dst, name, len(dst)+6*maxKeyLen)
	return append(dst, ':')
}

// appendPlainName appends a comma, name in quotes and a colon. One slices.Grow
// and a copy would check for room once and not three times, and is slower.
func appendPlainName(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// text appends a field that is left out if it is empty. name is written as it
// is, with its comma and colon.
func (w *jsonWriter) text(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, name...)
	return appendQuoted(dst, value, w.tail(dst))
}

// attrs appends attrs, each with a comma before it. names holds the names that
// are taken from the start, and then those of attrs, too; own is the fields
// among them.
func (w *jsonWriter) attrs(dst []byte, attrs []slog.Attr, names *nameSet, own reserved, depth int) []byte {
	for i := range attrs {
		if i == maxAttrs || len(dst) >= w.limit {
			dst = append(dst, `,"`+truncated+`":`...)
			return appendInt(dst, int64(len(attrs)-i))
		}
		if w.elastic {
			dst = w.elasticAttr(dst, attrs, i, names, own, depth)
			continue
		}
		key := attrs[i].Key
		if plainLen(key) == len(key) && len(key) <= maxKeyLen && !numbered(key) &&
			(!names.add(key) || !usedPlain(attrs[:i], key, own)) {
			dst = appendPlainName(dst, key)
		} else {
			dst = w.oddKey(dst, attrs, i, names, own)
		}
		dst = w.value(dst, attrs[i].Value, depth)
	}
	return dst
}

// oddKey appends a name that has to be escaped, cut or numbered, or may have to
// be.
func (w *jsonWriter) oddKey(dst []byte, attrs []slog.Attr, i int, names *nameSet, own reserved) []byte {
	key := attrs[i].Key
	names.add(key)
	dst = append(dst, ',', '"')
	dst = appendKey(dst, key)
	if n, write := nameUse(attrs, i, own); write {
		dst = appendUse(dst, n)
	}
	return append(dst, '"', ':')
}

// appendKey appends a name without quotes, escaped and cut.
func appendKey(dst []byte, key string) []byte {
	dst = appendEscaped(dst, clip(key, maxKeyLen), len(dst)+6*maxKeyLen, true)
	if len(key) > maxKeyLen {
		dst = append(dst, truncated...)
	}
	return dst
}

// value appends v. Its switch is on the kind, and Any is asked for only where
// there is one: for all other kinds it would put the value into an interface,
// on the heap.
func (w *jsonWriter) value(dst []byte, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendQuoted(dst, v.String(), w.limit)
	case slog.KindInt64:
		return appendInt(dst, v.Int64())
	case slog.KindUint64:
		return strconv.AppendUint(dst, v.Uint64(), 10)
	case slog.KindFloat64:
		return w.float(dst, v.Float64())
	case slog.KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case slog.KindDuration:
		return w.durationValue(dst, v.Duration())
	case slog.KindTime:
		return w.timeValue(dst, v.Time())
	case slog.KindGroup:
		return w.group(dst, v.Group(), depth)
	default:
		return w.any(dst, v.Any(), depth)
	}
}

func (w *jsonWriter) any(dst []byte, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return append(dst, "null"...)
	case []byte:
		dst = append(dst, '"')
		dst = w.bytes.append(dst, x, w.limit)
		return append(dst, '"')
	case JSON:
		return w.json(dst, x, depth)
	case *Error:
		return w.error(dst, x, depth)
	case []slog.Value:
		return w.list(dst, x, depth)
	default:
		return appendQuoted(dst, unsupported(x), w.limit)
	}
}

// unsupported names the type of a value that no record should hold. It does not
// print the value: methods of it would run on the wrong goroutine, and may
// panic.
func unsupported(x any) string { return fmt.Sprintf("!UNSUPPORTED %T", x) }

func (w *jsonWriter) timeValue(dst []byte, t time.Time) []byte {
	if w.time.number() {
		return w.time.append(dst, t)
	}
	dst = append(dst, '"')
	dst = w.time.append(dst, t)
	return append(dst, '"')
}

func (w *jsonWriter) durationValue(dst []byte, d time.Duration) []byte {
	if w.duration != DurationText {
		return w.duration.append(dst, d)
	}
	dst = append(dst, '"')
	dst = w.duration.append(dst, d)
	return append(dst, '"')
}

// float appends f, or its name as a string: null would say that there was no
// value, and slog's "!ERROR" that something failed.
func (w *jsonWriter) float(dst []byte, f float64) []byte {
	dst, ok := appendFloat(dst, f)
	if ok {
		return dst
	}
	if w.elastic {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = append(dst, floatName(f)...)
	return append(dst, '"')
}

func (w *jsonWriter) group(dst []byte, attrs []slog.Attr, depth int) []byte {
	if depth >= w.deepest {
		return append(dst, `"`+tooDeep+`"`...)
	}
	start := len(dst)
	names := nestedNames
	dst = w.attrs(dst, attrs, &names, nil, depth+1)
	return closeObject(dst, start)
}

// list appends list. Past the limit it ends in a string that counts what is
// missing; the elements before are whole.
func (w *jsonWriter) list(dst []byte, list []slog.Value, depth int) []byte {
	if depth >= w.deepest {
		return append(dst, `"`+tooDeep+`"`...)
	}
	start := len(dst)
	for i, v := range list {
		dst = append(dst, ',')
		if len(dst) >= w.limit {
			dst = append(dst, `"`+truncated+` `...)
			dst = appendInt(dst, int64(len(list)-i))
			dst = append(dst, ` values"`...)
			break
		}
		dst = w.value(dst, v, depth+1)
	}
	return closeBracket(dst, start, '[', ']')
}

func (w *jsonWriter) stack(dst []byte, frames []Frame, limit int) []byte {
	dst = append(dst, '"')
	dst = appendStack(dst, frames, limit, `\n`, `\t`)
	return append(dst, '"')
}

func closeObject(dst []byte, start int) []byte { return closeBracket(dst, start, '{', '}') }

// closeBracket turns the comma before the first element into the opening
// bracket: see [jsonWriter.record].
func closeBracket(dst []byte, start int, open, end byte) []byte {
	if len(dst) == start {
		return append(dst, open, end)
	}
	dst[start] = open
	return append(dst, end)
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
