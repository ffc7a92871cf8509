package encode

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Journal writes a record as systemd-journald reads it from its socket: fields of
// any bytes under upper-case names (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
// The zero Journal is ready. It is comparable, safe for concurrent use, and does
// not allocate beyond growing dst.
//
//   - MESSAGE, PRIORITY (the severity, see [SeverityOf]), SYSLOG_FACILITY,
//     SYSLOG_IDENTIFIER (the service), SYSLOG_PID, CODE_FILE, CODE_LINE, CODE_FUNC
//     and MESSAGE_ID are those of systemd.journal-fields(7).
//   - LOG_ID is the record's ID, LOG_TIME when it was logged (the journal's own time
//     is when it arrived), SLOG_LEVEL the level as it was, then LOGGER, STACK,
//     TRACE_ID, SPAN_ID and TRACE_FLAGS.
//   - The resource's further fields begin with "RESOURCE_".
//   - An attribute has its own name in upper case, with its groups' names and "_"
//     before it. A character that is not an ASCII letter or digit becomes "_"; a
//     name that would begin with a digit or "_" (which the journal keeps for
//     itself) gets an "X" before it, and what is beyond 64 characters is cut.
//
// A name that is in use gets "__" and a number behind it: the journal would keep
// both fields under one name, and "message" would pass for a second MESSAGE. In
// use are the names above, and those with which a program speaks about others:
// UNIT, USER_UNIT, INVOCATION_ID, and what begins with SYSLOG_, CODE_, OBJECT_,
// COREDUMP_ or RESOURCE_.
//
// Text keeps its line feeds and tabs. Other control characters, and those that
// turn the direction of text, are written as JSON's escapes: journald passes a
// message on to consoles and to syslog. A []byte is written as it is. Errors,
// lists and [JSON] are written as in [Logfmt].
//
// Attributes after the 900th, those of the resource counted first, and those beyond
// MaxBytes, are left out and counted in X_TRUNCATED (the resource's in
// RESOURCE_X_TRUNCATED): journald refuses an entry of more than 1,024 fields as a
// whole.
type Journal struct {
	Facility   Facility // SYSLOG_FACILITY. Default FacilityUser
	Identifier string   // SYSLOG_IDENTIFIER. Default: the Resource's service

	// MessageIDFrom is the key of the attribute, outside of groups, that holds
	// MESSAGE_ID: 32 hexadecimal digits, with or without dashes. What is none is
	// an ordinary attribute. Default: none.
	MessageIDFrom string

	Duration DurationFormat // default DurationText

	// MaxBytes bounds what message and attributes take. Default 1 MiB.
	MaxBytes int
}

var (
	_ Encoder   = Journal{}
	_ Validator = Journal{}
)

const (
	maxJournalName   = 64
	maxJournalFields = 900
	maxIdentifier    = 255
)

// Never written to. Upper and lower case are the same here.
var (
	journalNames = reserved{
		"MESSAGE", "PRIORITY", "MESSAGE_ID", "UNIT", "USER_UNIT", "INVOCATION_ID", "USER_INVOCATION_ID",
		"LOG_ID", "LOG_TIME", "SLOG_LEVEL", "LOGGER", "STACK", "TRACE_ID", "SPAN_ID", "TRACE_FLAGS", journalCut,
	}
	journalTaken    = journalNames.taken()
	journalPrefixes = reserved{"SYSLOG_", "CODE_", "OBJECT_", "COREDUMP_", "RESOURCE_"}

	journalResourceNames = reserved{
		"RESOURCE_SERVICE_VERSION", "RESOURCE_DEPLOYMENT_ENVIRONMENT_NAME", "RESOURCE_SERVICE_INSTANCE_ID",
		"RESOURCE_SERVICE_NAME", "RESOURCE_HOST_NAME", "RESOURCE_PROCESS_PID", "RESOURCE_" + journalCut,
	}
	journalResourceTaken = journalResourceNames.taken()
)

// journalCut is the name under which stands how many attributes were left out.
const journalCut = "X_TRUNCATED"

// ContentType returns "application/vnd.fdo.journal", the type of the journal's
// export format, which is the same but for its blank line after each entry.
func (j Journal) ContentType() string { return "application/vnd.fdo.journal" }

// Validate reports a Facility that is none.
func (j Journal) Validate() error { return j.Facility.validate() }

// AppendRecord appends rec as described at [Journal]. The error is always nil.
func (j Journal) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	limit := limitFor(dst, j.MaxBytes)
	w := journalWriter{limit: limit, flat: flatWriter{time: TimeRFC3339Nano, duration: j.Duration.or(DurationText)}}
	w.limit = len(dst) + (limit-len(dst))/2
	dst = w.text(dst, "MESSAGE", rec.Message)
	w.limit = len(dst) + defaultMaxBytes/16
	dst = w.number(dst, "PRIORITY", int64(SeverityOf(rec.Level)))
	dst = w.number(dst, "SLOG_LEVEL", int64(rec.Level))
	dst = w.number(dst, "SYSLOG_FACILITY", j.Facility.number())
	dst = w.ids(dst, rec)
	dst = w.origin(dst, rec)
	dst = j.messageID(dst, rec)
	resource := len(dst)
	dst = w.resource(dst, rec.Resource, clip(j.Identifier, maxIdentifier))
	w.limit = max(limit, len(dst))
	// From the resource on: a record's attribute may be called as the resource's
	// second of that name is.
	w.begin(resource, journalNames, journalTaken, journalPrefixes)
	return w.attrs(dst, nil, rec.Attrs, journalCut), nil
}

// messageID appends MESSAGE_ID if the attribute that has it has one.
func (j *Journal) messageID(dst []byte, rec *Record) []byte {
	if j.MessageIDFrom == "" {
		return dst
	}
	for i := range rec.Attrs {
		a := &rec.Attrs[i]
		if a.Key != j.MessageIDFrom || a.Value.Kind() != slog.KindString {
			continue
		}
		start := len(dst)
		dst = append(dst, "MESSAGE_ID="...)
		digits := len(dst)
		for _, c := range []byte(a.Value.String()) {
			if d := unhex(c); d != 255 {
				dst = append(dst, hexLower[d])
			} else if c != '-' {
				return dst[:start]
			}
		}
		if len(dst)-digits != 32 {
			return dst[:start]
		}
		return append(dst, '\n')
	}
	return dst
}

// journalWriter is one AppendRecord call's state.
type journalWriter struct {
	flat    flatWriter // writes values of a fixed form
	names   boundNames
	limit   int
	count   int // attributes written
	missing int // attributes left out
}

func (w *journalWriter) ids(dst []byte, rec *Record) []byte {
	if !rec.ID.IsZero() {
		dst = append(appendID(append(dst, "LOG_ID="...), rec.ID), '\n')
	}
	if at := rec.when(); !at.IsZero() {
		dst = append(appendRFC3339(append(dst, "LOG_TIME="...), at, 9), '\n')
	}
	if t := &rec.Trace; !t.IsZero() {
		dst = append(appendHex(append(dst, "TRACE_ID="...), t.TraceID[:]), '\n')
		dst = append(appendHex(append(dst, "SPAN_ID="...), t.SpanID[:]), '\n')
		dst = append(dst, "TRACE_FLAGS="...)
		dst = append(dst, hexLower[t.Flags>>4], hexLower[t.Flags&15], '\n')
	}
	return dst
}

func (w *journalWriter) origin(dst []byte, rec *Record) []byte {
	dst = w.optional(dst, "LOGGER", clip(rec.Scope, maxKeyLen))
	dst = w.optional(dst, "CODE_FILE", rec.Source.File)
	if rec.Source.Line > 0 {
		dst = w.number(dst, "CODE_LINE", int64(rec.Source.Line))
	}
	dst = w.optional(dst, "CODE_FUNC", rec.Source.Function)
	if len(rec.Stack) > 0 {
		field := len(dst)
		dst = w.open(append(dst, "STACK"...))
		start := len(dst)
		dst = w.close(w.escape(appendRawStack(dst, rec.Stack, w.limit), start), field)
	}
	return dst
}

func (w *journalWriter) resource(dst []byte, r *Resource, identifier string) []byte {
	if r == nil {
		return w.optional(dst, "SYSLOG_IDENTIFIER", identifier)
	}
	if identifier == "" {
		identifier = clip(r.Service, maxIdentifier)
	}
	dst = w.optional(dst, "SYSLOG_IDENTIFIER", identifier)
	if identifier != r.Service {
		dst = w.optional(dst, "RESOURCE_SERVICE_NAME", r.Service)
	}
	if r.PID != 0 {
		dst = w.number(dst, "SYSLOG_PID", int64(r.PID))
	}
	dst = w.optional(dst, "RESOURCE_SERVICE_VERSION", r.Version)
	dst = w.optional(dst, "RESOURCE_DEPLOYMENT_ENVIRONMENT_NAME", r.Environment)
	dst = w.optional(dst, "RESOURCE_SERVICE_INSTANCE_ID", r.Instance)
	dst = w.optional(dst, "RESOURCE_HOST_NAME", r.Host)
	w.begin(len(dst), journalResourceNames, journalResourceTaken, nil)
	return w.attrs(dst, &path{name: KeyResource}, r.Attrs, "RESOURCE_"+journalCut)
}

// begin makes own and prefixes what attributes may not be called. The fields from
// start on are those whose names are in use.
func (w *journalWriter) begin(start int, own reserved, taken nameSet, prefixes reserved) {
	w.names = boundNames{own: own, prefixes: prefixes, seen: taken, mark: "__", most: maxJournalName, start: start, next: nextJournalField}
	w.missing = 0 // but not count: the record's attributes come on top of the resource's
}

func (w *journalWriter) attrs(dst []byte, in *path, attrs []slog.Attr, cut string) []byte {
	dst = w.some(dst, in, attrs, 1)
	if w.missing > 0 {
		dst = w.number(dst, cut, int64(w.missing))
	}
	return dst
}

// some counts over all groups.
func (w *journalWriter) some(dst []byte, in *path, attrs []slog.Attr, depth int) []byte {
	for i := range attrs {
		if w.count == maxJournalFields || len(dst) >= w.limit {
			w.missing += len(attrs) - i
			return dst
		}
		dst = w.attr(dst, in, attrs[i].Key, attrs[i].Value, depth)
	}
	return dst
}

// attr is one round of some. The path of a group could not be on the stack in a
// loop.
func (w *journalWriter) attr(dst []byte, in *path, key string, v slog.Value, depth int) []byte {
	if v.Kind() == slog.KindGroup && depth < maxDepth {
		p := path{outer: in, name: key}
		return w.some(dst, &p, v.Group(), depth+1)
	}
	w.count++
	field := len(dst)
	dst = fitJournalName(appendName(appendPath(dst, in), key), field)
	dst = w.names.fit(dst, field, field)
	return w.value(dst, field, v, depth)
}

// fitJournalName makes what is in dst from start on a field's name, but for its
// length.
func fitJournalName(dst []byte, start int) []byte {
	to := start
	for i := start; i < len(dst); {
		c, size := dst[i], 1
		switch {
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case c >= utf8.RuneSelf:
			_, size = utf8.DecodeRune(dst[i:])
			c = '_'
		default:
			c = '_'
		}
		dst[to] = c
		to++
		i += size
	}
	dst = dst[:to]
	if c := dst[start]; c == '_' || c <= '9' {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = 'X'
	}
	return dst
}

// value appends v behind its name, which begins at field.
func (w *journalWriter) value(dst []byte, field int, v slog.Value, depth int) []byte {
	switch v.Kind() {
	case slog.KindString:
		return w.content(dst, field, v.String())
	case slog.KindGroup:
		return append(append(append(dst, '='), tooDeep...), '\n')
	case slog.KindAny:
	default:
		return append(w.flat.value(append(dst, '='), v, depth), '\n') // a word
	}
	dst = w.open(dst)
	start := len(dst)
	x := v.Any()
	if b, ok := x.([]byte); ok {
		return w.close(appendBlob(dst, b, w.limit), field)
	}
	return w.close(w.escape(appendAnyText(dst, x, &w.flat, w.limit, depth), start), field)
}

// appendBlob appends b, cut and marked.
func appendBlob(dst, b []byte, limit int) []byte {
	n := min(len(b), max(limit-len(dst), 0))
	dst = append(dst, b[:n]...)
	if n < len(b) {
		dst = appendCut(dst, len(b)-n)
	}
	return dst
}

func (w *journalWriter) number(dst []byte, name string, n int64) []byte {
	dst = append(append(dst, name...), '=')
	return append(appendInt(dst, n), '\n')
}

// optional appends a field that is left out if it is empty.
func (w *journalWriter) optional(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return w.text(dst, name, value)
}

func (w *journalWriter) text(dst []byte, name, value string) []byte {
	field := len(dst)
	return w.content(append(dst, name...), field, value)
}

// content appends value behind the name that begins at field: in the short form
// if it is one line.
func (w *journalWriter) content(dst []byte, field int, value string) []byte {
	if strings.IndexByte(value, '\n') < 0 {
		return append(appendLines(append(dst, '='), value, w.limit, true), '\n')
	}
	return w.close(appendLines(w.open(dst), value, w.limit, true), field)
}

// open begins a value of any bytes: a line feed, its length, which close fills
// in, and it.
func (w *journalWriter) open(dst []byte) []byte {
	return append(dst, '\n', 0, 0, 0, 0, 0, 0, 0, 0)
}

// close ends the value of the field that begins at field.
func (w *journalWriter) close(dst []byte, field int) []byte {
	start := field + bytes.IndexByte(dst[field:], '\n') + 1
	binary.LittleEndian.PutUint64(dst[start:], uint64(len(dst)-start-8))
	return append(dst, '\n')
}

// escape makes text of what is in dst from start on, as [sdWriter.escape] does.
func (w *journalWriter) escape(dst []byte, start int) []byte {
	end := len(dst)
	dst = appendLines(dst, dst[start:end], end+max(w.limit-start, 0)+cutRoom, true)
	n := copy(dst[start:], dst[end:])
	return dst[:start+n]
}

// nextJournalField is [boundNames].next.
func nextJournalField(b []byte) (name, rest []byte) {
	end := bytes.IndexAny(b, "=\n")
	if b[end] == '=' {
		return b[:end], b[end+bytes.IndexByte(b[end:], '\n')+1:]
	}
	size := int(binary.LittleEndian.Uint64(b[end+1:]))
	return b[:end], b[end+1+8+size+1:]
}
