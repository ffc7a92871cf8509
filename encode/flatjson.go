package encode

import (
	"bytes"
	"log/slog"
	"math"
	"unicode/utf8"
)

// flatJSON writes attributes as members of one JSON object whose values are
// strings and numbers only, a group's members with the group's name and "_"
// before theirs. [GELF] and the labels of [ECS] share it. No name has a dot:
// Elasticsearch, which is behind both, would take it for a path, and Graylog
// makes it "_" itself.
type flatJSON struct {
	flat    flatWriter // writes the values
	prefix  string     // before each name
	mark    string     // before a name's number
	strings bool       // numbers are strings, too
	ascii   bool       // names are of ASCII letters, digits, "_" and "-" alone
	sets    bool       // names of the resource's fields and of Graylog's are taken
	own     reserved   // names that attributes may not have as they are
	seen    nameSet    // starts with own
	start   int        // where the object's members begin in dst
	count   int        // attributes written
	missing int        // attributes left out
	lifted  *Error     // see [jsonWriter]
}

// record appends attrs and, if some had to be left out, how many.
func (w *flatJSON) record(dst []byte, in *path, attrs []slog.Attr) []byte {
	w.count, w.missing = 0, 0
	dst = w.attrs(dst, in, attrs, 1)
	if w.missing > 0 {
		dst = append(append(dst, ',', '"'), w.prefix...)
		at := len(dst)
		dst = appendPath(dst, in)
		dst = append(dst, truncated...)
		dst = w.fit(dst, at)
		dst = append(dst, '"', ':')
		value := len(dst)
		dst = appendInt(dst, int64(w.missing))
		if w.strings {
			dst = quote(dst, value)
		}
	}
	return dst
}

// attrs counts over all groups: they end up in one object, and each name that
// the filter has seen is looked for in all that was written.
func (w *flatJSON) attrs(dst []byte, in *path, attrs []slog.Attr, depth int) []byte {
	for i := range attrs {
		if w.count == maxAttrs || len(dst) >= w.flat.limit {
			w.missing += len(attrs) - i
			return dst
		}
		dst = w.attr(dst, in, attrs[i].Key, attrs[i].Value, depth)
	}
	return dst
}

// attr is one round of attrs. The path of a group could not be on the stack in a
// loop.
func (w *flatJSON) attr(dst []byte, in *path, key string, v slog.Value, depth int) []byte {
	if w.lifted != nil && isError(v, w.lifted) {
		return dst
	}
	if v.Kind() == slog.KindGroup && depth < maxDepth {
		p := path{outer: in, name: key}
		return w.attrs(dst, &p, v.Group(), depth+1)
	}
	w.count++
	dst = w.name(dst, in, key)
	if v.Kind() == slog.KindGroup {
		return append(dst, `"`+tooDeep+`"`...)
	}
	return w.value(dst, v, depth)
}

// name appends a comma, the full name in quotes, numbered if it is in use, and a
// colon.
func (w *flatJSON) name(dst []byte, in *path, key string) []byte {
	before := len(dst)
	dst = append(append(dst, ',', '"'), w.prefix...)
	start := len(dst)
	dst = appendPath(dst, in)
	dst = appendName(dst, key)
	dst = w.fit(dst, start)
	name := dst[start:]
	seen := w.seen.addHash(nameHash(name))
	if seen || plainLen(name) < len(name) || numberedBy(name, w.mark) || w.set(name) {
		dst = w.number(dst, before, start)
	}
	return append(dst, '"', ':')
}

// fit makes what is in dst from start on a name of the format.
func (w *flatJSON) fit(dst []byte, start int) []byte {
	if !w.ascii {
		undot(dst[start:])
		return dst
	}
	to := start
	for i := start; i < len(dst); {
		c, size := dst[i], 1
		if c >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(dst[i:])
		}
		if !isWordByte(c) {
			c = '_'
		}
		dst[to] = c
		to++
		i += size
	}
	return dst[:to]
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// number appends the number of the name that begins at start, if it needs one.
// The member itself begins at before.
func (w *flatJSON) number(dst []byte, before, start int) []byte {
	name := dst[start:]
	n := 1 + w.uses(dst[w.start:before], name)
	if w.reserved(name) || w.set(name) {
		n++
	}
	if n > 1 || numberedBy(name, w.mark) {
		dst = append(dst, w.mark...)
		dst = appendInt(dst, int64(n))
	}
	return dst
}

// set reports whether name belongs to a set that is reserved as a whole.
func (w *flatJSON) set(name []byte) bool {
	return w.sets && (hasPrefixFold(name, KeyResource+"_") || hasPrefixFold(name, "gl2_"))
}

// reserved is [reserved.has] for a name in bytes. The names here are ASCII, or
// none of their letters has a form outside of it.
func (w *flatJSON) reserved(name []byte) bool {
	for _, own := range w.own {
		if len(own) == len(name) && hasPrefixFold(name, own) {
			return true
		}
	}
	return false
}

func hasPrefixFold(name []byte, prefix string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if c := name[i]; c != prefix[i] && (c|0x20 != prefix[i]|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// uses returns how many of members have name, also with a number.
func (w *flatJSON) uses(members, name []byte) (n int) {
	for i := 0; i < len(members); {
		i += 2 // comma and quote
		end := i + bytes.IndexByte(members[i:], '"')
		key, ok := bytes.CutPrefix(members[i:end], []byte(w.prefix))
		if ok && isUseBy(key, name, w.mark) {
			n++
		}
		i = jsonScalarEnd(members, end+2)
	}
	return n
}

// jsonScalarEnd returns where the string or number at i ends.
func jsonScalarEnd(b []byte, i int) int {
	if i < len(b) && b[i] == '"' {
		for i++; i < len(b); i++ {
			i += plainLen(b[i:]) // stops at quotes and backslashes
			if i >= len(b) || b[i] == '"' {
				break
			}
			if b[i] == '\\' {
				i++
			}
		}
		return i + 1
	}
	for i < len(b) && b[i] != ',' {
		i++
	}
	return i
}

// value appends v. The flat writer has a form for anything, in one word or in
// quotes; a word that is no number gets quotes here.
func (w *flatJSON) value(dst []byte, v slog.Value, depth int) []byte {
	if v.Kind() == slog.KindString {
		return appendQuoted(dst, v.String(), w.flat.limit)
	}
	start := len(dst)
	dst = w.flat.value(dst, v, depth)
	if dst[start] == '"' || w.number64(v) {
		return dst
	}
	return quote(dst, start)
}

// number64 reports whether v is a number that all receivers can hold: Java's
// long and double.
func (w *flatJSON) number64(v slog.Value) bool {
	if w.strings {
		return false
	}
	switch v.Kind() {
	case slog.KindInt64:
		return true
	case slog.KindUint64:
		return v.Uint64() <= math.MaxInt64
	case slog.KindFloat64:
		return math.Abs(v.Float64()) <= math.MaxFloat64
	case slog.KindDuration:
		return w.flat.duration != DurationText
	}
	return false
}

// quote puts what is in dst from start on between quotes.
func quote(dst []byte, start int) []byte {
	dst = append(dst, 0, '"')
	copy(dst[start+1:], dst[start:len(dst)-2])
	dst[start] = '"'
	return dst
}
