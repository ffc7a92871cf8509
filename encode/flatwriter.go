package encode

import (
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

// flatWriter writes attributes as key=value on one line, a group's members
// with the group's name and a dot before theirs. [Logfmt] and [Text] share it.
type flatWriter struct {
	time     TimeFormat
	duration DurationFormat
	bytes    BytesFormat
	limit    int

	// For Logfmt, nil for Text, which is read by people and not by parsers:
	// names that are in use already get a number.
	taken *flatNames

	// For Text, empty for Logfmt: what is written around a key and its "=".
	keyOn, keyOff string

	// For Text with Multiline: of an error only its first line is written, as
	// the rest follows below.
	firstLine bool
}

// path is the groups around an attribute, innermost first. It is a list on the
// stack: joining the names would allocate.
type path struct {
	outer *path
	name  string
}

func (w *flatWriter) attrs(dst []byte, in *path, attrs []slog.Attr, depth int) []byte {
	for i := range attrs {
		if i == maxAttrs || len(dst) >= w.limit {
			dst = w.name(dst, in, truncated, true)
			return appendInt(dst, int64(len(attrs)-i))
		}
		dst = w.attr(dst, in, attrs[i].Key, attrs[i].Value, depth)
	}
	return dst
}

func (w *flatWriter) attr(dst []byte, in *path, key string, v slog.Value, depth int) []byte {
	if v.Kind() != slog.KindGroup {
		return w.value(w.key(dst, in, key), v, depth)
	}
	if depth >= maxDepth {
		return append(w.key(dst, in, key), `"`+tooDeep+`"`...)
	}
	p := path{outer: in, name: key}
	return w.attrs(dst, &p, v.Group(), depth+1)
}

// key appends a space, the full name and "=".
func (w *flatWriter) key(dst []byte, in *path, name string) []byte {
	return w.name(dst, in, name, false)
}

// name is key; mark is for [flatNames.number].
func (w *flatWriter) name(dst []byte, in *path, name string, mark bool) []byte {
	dst = append(dst, ' ')
	dst = append(dst, w.keyOn...)
	start := len(dst)
	dst = appendPath(dst, in)
	dst = appendName(dst, name)
	if w.taken != nil {
		dst = w.taken.number(dst, start, mark)
	}
	dst = append(dst, '=')
	return append(dst, w.keyOff...)
}

func appendPath(dst []byte, p *path) []byte {
	if p == nil {
		return dst
	}
	dst = appendPath(dst, p.outer)
	dst = appendName(dst, p.name)
	return append(dst, '.')
}

// appendName appends name with "_" for each character that a key may not have:
// those that need an escape, space, "=" and quotes.
func appendName(dst []byte, name string) []byte {
	if name == "" {
		return append(dst, '_')
	}
	cut := len(name) > maxKeyLen
	name = clip(name, maxKeyLen)
	for i := 0; i < len(name); {
		r, size := decodeRune(name, i)
		if r == ' ' || r == '=' || !keepRune(r, size, true) {
			dst = append(dst, '_')
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += size
	}
	if cut {
		dst = append(dst, truncated...)
	}
	return dst
}

// value appends v. A duration, time or number is always one word, so that only
// strings are asked whether they are.
func (w *flatWriter) value(dst []byte, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendWord(dst, v.String(), w.limit)
	case slog.KindInt64:
		return appendInt(dst, v.Int64())
	case slog.KindUint64:
		return strconv.AppendUint(dst, v.Uint64(), 10)
	case slog.KindFloat64:
		return strconv.AppendFloat(dst, v.Float64(), 'g', -1, 64)
	case slog.KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case slog.KindDuration:
		return w.duration.append(dst, v.Duration())
	case slog.KindTime:
		return w.time.append(dst, v.Time())
	default:
		return w.any(dst, v.Any(), depth)
	}
}

func (w *flatWriter) any(dst []byte, x any, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return append(dst, "null"...)
	case []byte:
		return w.bytesValue(dst, x)
	case JSON:
		return appendQuoted(dst, x, w.limit)
	case *Error:
		return w.error(dst, x)
	case []slog.Value:
		return w.list(dst, x, depth)
	default:
		return appendQuoted(dst, unsupported(x), w.limit)
	}
}

// bytesValue quotes always: text may hold anything, and base64 ends in "=".
func (w *flatWriter) bytesValue(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = w.bytes.append(dst, b, w.limit)
	return append(dst, '"')
}

// error appends the message and, behind it, the stack that the error carried.
// Causes are left out: Go's messages hold those of their causes.
func (w *flatWriter) error(dst []byte, e *Error) []byte {
	switch {
	case e == nil:
		return append(dst, "null"...)
	case w.firstLine:
		line, _, _ := strings.Cut(e.Message, "\n")
		return appendWord(dst, line, w.limit)
	case len(e.Frames) == 0:
		return appendWord(dst, e.Message, w.limit)
	}
	dst = append(dst, '"')
	dst = appendEscaped(dst, e.Message, w.limit, true)
	dst = append(dst, `\n`...)
	dst = appendStack(dst, e.Frames, w.limit, `\n`, `\t`)
	return append(dst, '"')
}

// list appends a list as JSON: flat formats have no list of their own. It is
// written behind dst and escaped from there, so that no second buffer is needed.
func (w *flatWriter) list(dst []byte, list []slog.Value, depth int) []byte {
	j := jsonWriter{
		time: w.time, duration: w.duration, bytes: w.bytes,
		errors: ErrorMessage, limit: w.limit, deepest: maxDepth,
	}
	start := len(dst)
	dst = j.list(dst, list, depth)
	end := len(dst)
	dst = appendWord(dst, dst[start:end], end+max(w.limit-start, 0))
	n := copy(dst[start:], dst[end:])
	return dst[:start+n]
}

// appendWord appends s as it is if it is one plain word, and in quotes if not.
// Quoting all that is not ASCII is more than most parsers need, and spares the
// question of what each of them takes for a space.
func appendWord[T text](dst []byte, s T, limit int) []byte {
	if len(s) == 0 || len(dst)+len(s) > limit || !isWord(s) {
		return appendQuoted(dst, s, limit)
	}
	return append(dst, s...)
}

func isWord[T text](s T) bool {
	if plainLen(s) < len(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' || s[i] == '=' {
			return false
		}
	}
	return true
}
