package encode

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sdWriter writes the structured data of one [RFC5424] message. A parameter
// that makes dst longer than limit is taken back whole, and counted: half an
// element would make receivers refuse the message.
type sdWriter struct {
	flat    flatWriter // writes values of a fixed form
	names   boundNames
	limit   int  // of all but what sdRoom is for
	lines   bool // see [RFC5424].Multiline
	cee     bool // the attributes are elsewhere
	count   int  // attributes written
	missing int  // attributes left out

	hostSaid, appSaid, pidSaid bool // the header has them as they are
}

// sdRoom is for the mark and the bracket that close an element.
const sdRoom = len(` !TRUNCATED="10000"]`)

const resourceElement = "resource@"

// sdNames are reserved among the attributes. Never written to.
var (
	sdNames = reserved{KeyID, KeyTraceID, KeySpanID, KeyTraceFlags, sdLevel, KeyScope, KeySource, KeyStack, truncated}
	sdTaken = sdNames.taken()

	sdResourceNames = reserved{resService, resVersion, resEnvironment, resInstance, resHost, resPID, truncated}
	sdResourceTaken = sdResourceNames.taken()
)

const sdLevel = "slog_level"

// elements appends the structured data, or "-". What is short comes first, and
// the attributes get what is left.
func (w *sdWriter) elements(dst []byte, rec *Record, r *RFC5424) []byte {
	start := len(dst)
	all := w.limit
	dst = appendTimeQuality(dst, r.Clock)
	if rec.Resource != nil {
		w.limit = len(dst) + (all-len(dst))/4
		dst = w.resource(dst, rec.Resource, r.SDID[strings.IndexByte(r.SDID, '@')+1:])
		w.limit = all
	}
	dst = w.record(dst, rec, r.SDID)
	if len(dst) == start {
		return append(dst, '-')
	}
	return dst
}

func appendTimeQuality(dst []byte, c SyslogClock) []byte {
	switch c {
	case ClockOmitted:
		return dst
	case ClockSynchronized:
		return append(dst, `[timeQuality tzKnown="1" isSynced="1"]`...)
	case ClockUnsynchronized:
		return append(dst, `[timeQuality tzKnown="1" isSynced="0"]`...)
	}
	return append(dst, `[timeQuality tzKnown="1"]`...)
}

// begin appends "[id" and makes own the names that attributes may not have.
func (w *sdWriter) begin(dst []byte, id, number string, own reserved, taken nameSet) []byte {
	dst = append(dst, '[')
	dst = append(dst, id...)
	dst = append(dst, number...)
	w.names = boundNames{own: own, seen: taken, mark: "#", most: maxSDName, next: nextParam}
	w.limit -= sdRoom
	w.count, w.missing = 0, 0
	return dst
}

// end closes the element that began at start, or takes it back if it is empty.
func (w *sdWriter) end(dst []byte, start, empty int) []byte {
	w.limit += sdRoom
	if w.missing > 0 {
		dst = append(dst, ` `+truncated+`="`...)
		dst = append(appendInt(dst, int64(w.missing)), '"')
	}
	if len(dst) == empty {
		return dst[:start]
	}
	return append(dst, ']')
}

// resource appends what the header does not say of the process.
func (w *sdWriter) resource(dst []byte, r *Resource, number string) []byte {
	start := len(dst)
	dst = w.begin(dst, resourceElement, number, sdResourceNames, sdResourceTaken)
	empty := len(dst)
	if !w.appSaid {
		dst = w.text(dst, resService, r.Service)
	}
	dst = w.text(dst, resVersion, r.Version)
	dst = w.text(dst, resEnvironment, r.Environment)
	dst = w.text(dst, resInstance, r.Instance)
	if !w.hostSaid {
		dst = w.text(dst, resHost, r.Host)
	}
	if !w.pidSaid && r.PID != 0 {
		dst = append(appendInt(append(dst, ` `+resPID+`="`...), int64(r.PID)), '"')
	}
	w.names.start = len(dst)
	dst = w.attrs(dst, nil, r.Attrs, 2)
	return w.end(dst, start, empty)
}

// record appends the element with the attributes. The ids come first: they fit
// in any case.
func (w *sdWriter) record(dst []byte, rec *Record, id string) []byte {
	start := len(dst)
	dst = w.begin(dst, id, "", sdNames, sdTaken)
	empty := len(dst)
	if !rec.ID.IsZero() {
		dst = append(appendID(append(dst, ` `+KeyID+`="`...), rec.ID), '"')
	}
	if t := &rec.Trace; !t.IsZero() {
		dst = append(appendHex(append(dst, ` `+KeyTraceID+`="`...), t.TraceID[:]), '"')
		dst = append(appendHex(append(dst, ` `+KeySpanID+`="`...), t.SpanID[:]), '"')
		dst = append(dst, ` `+KeyTraceFlags+`="`...)
		dst = append(dst, hexLower[t.Flags>>4], hexLower[t.Flags&15], '"')
	}
	if rec.Level != SeverityOf(rec.Level).Level() {
		dst = append(appendInt(append(dst, ` `+sdLevel+`="`...), int64(rec.Level)), '"')
	}
	dst = w.text(dst, KeyScope, clip(rec.Scope, maxKeyLen))
	if !w.cee {
		dst = w.source(dst, &rec.Source)
		dst = w.stack(dst, rec.Stack)
		w.names.start = len(dst)
		dst = w.attrs(dst, nil, rec.Attrs, 1)
	}
	return w.end(dst, start, empty)
}

// text appends a parameter of the record's own, unless it is empty. One that
// does not fit is left out, without a count: it is no attribute.
func (w *sdWriter) text(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	before := len(dst)
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	return w.close(appendParam(dst, value, w.limit-cutRoom, w.lines), before)
}

// close ends the parameter that began at before, or takes it back.
func (w *sdWriter) close(dst []byte, before int) []byte {
	if len(dst) >= w.limit {
		return dst[:before]
	}
	return append(dst, '"')
}

func (w *sdWriter) source(dst []byte, src *slog.Source) []byte {
	if src.File == "" {
		return dst
	}
	before := len(dst)
	dst = appendParam(append(dst, ` `+KeySource+`="`...), src.File, w.limit-cutRoom, w.lines)
	return w.close(appendInt(append(dst, ':'), int64(src.Line)), before)
}

func (w *sdWriter) stack(dst []byte, frames []Frame) []byte {
	if len(frames) == 0 {
		return dst
	}
	before := len(dst)
	dst = append(dst, ` `+KeyStack+`="`...)
	start := len(dst)
	// Half of what is left: the attributes say more.
	limit := len(dst) + max(w.limit-len(dst), 0)/2
	return w.close(w.escape(appendRawStack(dst, frames, limit), start, limit), before)
}

// attrs counts over all groups.
func (w *sdWriter) attrs(dst []byte, in *path, attrs []slog.Attr, depth int) []byte {
	for i := range attrs {
		if w.count == maxAttrs || len(dst) >= w.limit-cutRoom {
			w.missing = min(w.missing+len(attrs)-i, 9999)
			return dst
		}
		dst = w.attr(dst, in, attrs[i].Key, attrs[i].Value, depth)
	}
	return dst
}

// attr is one round of attrs. The path of a group could not be on the stack in a
// loop.
func (w *sdWriter) attr(dst []byte, in *path, key string, v slog.Value, depth int) []byte {
	if v.Kind() == slog.KindGroup && depth < maxDepth {
		p := path{outer: in, name: key}
		return w.attrs(dst, &p, v.Group(), depth+1)
	}
	before := len(dst)
	dst = append(dst, ' ')
	start := len(dst)
	dst = appendName(appendPath(dst, in), key)
	dst = w.names.fit(fitParamName(dst, start), before, start)
	dst = w.close(w.value(append(dst, '=', '"'), v, depth), before)
	if len(dst) == before {
		w.missing++
	} else {
		w.count++
	}
	return dst
}

// fitParamName makes what is in dst from start on a PARAM-NAME, but for its
// length: [appendName] leaves characters that are not ASCII, and "]".
func fitParamName(dst []byte, start int) []byte {
	if plainLen(dst[start:]) == len(dst)-start && bytes.IndexByte(dst[start:], ']') < 0 {
		return dst
	}
	to := start
	for i := start; i < len(dst); {
		c, size := dst[i], 1
		if c >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(dst[i:])
			c = '_'
		}
		if c == ']' || c == '"' || c == '\\' {
			c = '_'
		}
		dst[to] = c
		to++
		i += size
	}
	return dst[:to]
}

// value appends v without quotes.
func (w *sdWriter) value(dst []byte, v slog.Value, depth int) []byte {
	limit := w.limit - cutRoom
	switch v.Kind() {
	case slog.KindString:
		return appendParam(dst, v.String(), limit, w.lines)
	case slog.KindGroup:
		return append(dst, tooDeep...)
	case slog.KindAny:
	default:
		return w.flat.value(dst, v, depth) // a word
	}
	start := len(dst)
	return w.escape(appendAnyText(dst, v.Any(), &w.flat, limit, depth), start, limit)
}

// escape makes a PARAM-VALUE of what is in dst from start on. It is written
// behind it and moved back, so that no second buffer is needed.
func (w *sdWriter) escape(dst []byte, start, limit int) []byte {
	end := len(dst)
	dst = appendParam(dst, dst[start:end], end+max(limit-start, 0), w.lines)
	n := copy(dst[start:], dst[end:])
	return dst[:start+n]
}

// appendAnyText appends a value of kind Any as text that is yet to be escaped,
// of about as many bytes as are left before limit.
func appendAnyText(dst []byte, x any, flat *flatWriter, limit, depth int) []byte {
	switch x := x.(type) {
	case nil:
		return append(dst, "null"...)
	case []byte:
		if flat.bytes == BytesText {
			return appendRaw(dst, x, limit)
		}
		return flat.bytes.append(dst, x, limit)
	case JSON:
		return appendRaw(dst, x, limit)
	case *Error:
		if x == nil {
			return append(dst, "null"...)
		}
		dst = appendRaw(dst, x.Message, limit)
		if len(x.Frames) > 0 {
			dst = appendRawStack(append(dst, '\n'), x.Frames, limit)
		}
		return dst
	case []slog.Value:
		j := jsonWriter{time: flat.time, duration: flat.duration, bytes: flat.bytes, errors: ErrorMessage, limit: limit, deepest: maxDepth}
		return j.list(dst, x, depth)
	default:
		return append(dst, unsupported(x)...)
	}
}

// appendScalar appends v as a header field of at most so many characters, or
// nothing if it is neither a text nor a number.
func appendScalar(dst []byte, v slog.Value, most int) []byte {
	switch v.Kind() {
	case slog.KindString:
		dst, _ = appendGraph(dst, v.String(), most)
	case slog.KindInt64:
		dst = appendInt(dst, v.Int64())
	case slog.KindUint64:
		dst = strconv.AppendUint(dst, v.Uint64(), 10)
	}
	return dst
}

// appendParam appends s as a PARAM-VALUE (RFC 5424 §6.3.3), cut and marked at
// limit.
func appendParam[T text](dst []byte, s T, limit int, lines bool) []byte {
	for i := 0; i < len(s); {
		if len(dst) >= limit {
			return appendCut(dst, len(s)-i)
		}
		n := min(plainParam(s[i:]), limit-len(dst))
		dst = append(dst, s[i:i+n]...)
		if i += n; i == len(s) || len(dst) >= limit {
			continue
		}
		r, size := decodeRune(s, i)
		switch {
		case r == '"' || r == '\\' || r == ']':
			dst = append(dst, '\\', byte(r))
		case lines && (r == '\n' || r == '\t'):
			dst = append(dst, byte(r))
		case r == utf8.RuneError || keepRune(r, size, false):
			dst = utf8.AppendRune(dst, r)
		default:
			// A backslash of its own has to be escaped here, too.
			dst = appendRuneEscape(append(dst, '\\'), r)
		}
		i += size
	}
	return dst
}

// plainParam is how many bytes of s, from its start, need no look.
func plainParam[T text](s T) int {
	n := plainLen(s)
	for i := range n {
		if s[i] == ']' {
			return i
		}
	}
	return n
}

// nextParam is [boundNames].next: ` name="value"`.
func nextParam(b []byte) (name, rest []byte) {
	end := bytes.IndexByte(b, '=')
	i := end + len(`="`)
	for b[i] != '"' {
		if b[i] == '\\' {
			i++
		}
		i++
	}
	return b[1:end], b[i+1:]
}
