package encode

import "fmt"

// Logfmt writes a record as key=value words on one line, as slog's text handler
// does:
//
//	time=2026-11-23T09:49:44.123456789Z level=INFO msg="order paid" order=42 took=1.5ms log_id=019ab0f2-…
//
// The zero Logfmt is ready. It is comparable, safe for concurrent use, and does
// not allocate beyond growing dst. Its rules are those of [JSONLines], with
// these differences:
//
//   - A group's attributes have the group's name and a dot before their own. The
//     full names are numbered where two are the same. What a key must not hold
//     (space, "=", quotes, control characters) becomes "_".
//   - A value is in quotes, with JSON's escapes, unless it is one word of plain
//     ASCII. NaN, +Inf and -Inf stand by themselves.
//   - An error is its message, with the stack behind it if it carried one; lists
//     are written as JSON in quotes.
//   - The resource's fields have "resource." before their names.
type Logfmt struct {
	Keys     Keys           // names of the record's own fields, "-" for none; default its zero value
	Level    LevelFormat    // default LevelNames
	Time     TimeFormat     // default TimeRFC3339Nano
	Duration DurationFormat // default DurationText
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds what message and attributes take. Default 1 MiB.
	MaxBytes int
}

var _ Encoder = Logfmt{}

// ContentType returns "text/plain; charset=utf-8": logfmt has no type of its own.
func (l Logfmt) ContentType() string { return textPlain }

const textPlain = "text/plain; charset=utf-8"

// Validate reports names in Keys that are in use already (see [Keys.Validate]),
// begin with that of the resource and a dot, as its own fields do, or are not
// words of plain ASCII, which logfmt could not write as they are.
func (l Logfmt) Validate() error {
	if err := l.Keys.Validate(); err != nil {
		return err
	}
	names, _ := l.Keys.resolve()
	asked := names
	names.dropOdd()
	for i, name := range asked {
		if names[i] != name {
			return fmt.Errorf("encode: logfmt key %q: %w", name, ErrKeys)
		}
	}
	return nil
}

// AppendRecord appends rec as described at [Logfmt]. The error is always nil.
func (l Logfmt) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	names, taken := l.Keys.resolve()
	names.dropOdd()
	start := len(dst)
	w := logfmtWriter{names: &names, level: l.Level, flat: flatWriter{
		time:     l.Time.or(TimeRFC3339Nano),
		duration: l.Duration.or(DurationText),
		bytes:    l.Bytes,
		limit:    limitFor(dst, l.MaxBytes),
	}}
	dst = w.head(dst, rec)
	attrsAt := len(dst)
	w.flat.taken = &flatNames{seen: taken, reserved: &names, start: attrsAt, before: -1}
	dst = w.flat.attrs(dst, nil, rec.Attrs, 1)
	w.flat.taken = nil
	w.flat.limit = len(dst) + defaultMaxBytes/16
	dst = w.origin(dst, rec)
	dst = w.trace(dst, rec)
	if w.has(fieldResource) && rec.Resource != nil {
		names := flatNames{reserved: new(fieldNames), start: len(dst), before: attrsAt}
		dst = w.resource(dst, rec.Resource, &names)
	}
	if len(dst) > start { // the first field has a space before it as all have
		dst = append(dst[:start], dst[start+1:]...)
	}
	return dst, nil
}

// logfmtWriter is one AppendRecord call's state.
type logfmtWriter struct {
	names *fieldNames // "": not written
	level LevelFormat
	flat  flatWriter
}

func (w *logfmtWriter) has(field int) bool { return w.names[field] != "" }

func (w *logfmtWriter) field(dst []byte, field int) []byte {
	return w.flat.key(dst, nil, w.names[field])
}

// head appends time, level and message, as [jsonWriter.head] does.
func (w *logfmtWriter) head(dst []byte, rec *Record) []byte {
	if !rec.Time.IsZero() {
		if w.has(fieldTime) {
			dst = w.flat.time.append(w.field(dst, fieldTime), rec.Time)
		}
	} else if w.has(fieldObserved) && !rec.Observed.IsZero() {
		dst = w.flat.time.append(w.field(dst, fieldObserved), rec.Observed)
	}
	if w.has(fieldLevel) {
		dst = w.level.append(w.field(dst, fieldLevel), rec.Level)
	}
	if w.has(fieldMessage) {
		dst = w.field(dst, fieldMessage)
		dst = appendWord(dst, rec.Message, len(dst)+(w.flat.limit-len(dst))/2)
	}
	return dst
}

// origin appends logger, source and stack. A source without a file has nothing
// to show here; JSON has its function.
func (w *logfmtWriter) origin(dst []byte, rec *Record) []byte {
	if w.has(fieldScope) && rec.Scope != "" {
		dst = appendWord(w.field(dst, fieldScope), clip(rec.Scope, maxKeyLen), w.flat.limit)
	}
	if src := &rec.Source; w.has(fieldSource) && src.File != "" {
		dst = appendFileLine(w.field(dst, fieldSource), src.File, src.Line, w.flat.limit)
	}
	if w.has(fieldStack) && len(rec.Stack) > 0 {
		dst = append(w.field(dst, fieldStack), '"')
		dst = appendStack(dst, rec.Stack, w.flat.limit, `\n`, `\t`)
		dst = append(dst, '"')
	}
	return dst
}

// trace appends the trace's ids and the record's own.
func (w *logfmtWriter) trace(dst []byte, rec *Record) []byte {
	if t := &rec.Trace; !t.IsZero() {
		if w.has(fieldTraceID) {
			dst = appendHex(w.field(dst, fieldTraceID), t.TraceID[:])
		}
		if w.has(fieldSpanID) {
			dst = appendHex(w.field(dst, fieldSpanID), t.SpanID[:])
		}
		if w.has(fieldTraceFlags) {
			dst = append(w.field(dst, fieldTraceFlags), hexLower[t.Flags>>4], hexLower[t.Flags&15])
		}
	}
	if w.has(fieldID) && !rec.ID.IsZero() {
		dst = appendID(w.field(dst, fieldID), rec.ID)
	}
	return dst
}

// resource appends r's fields. names, unless it is nil, numbers its own
// attributes against them, as those of the record are against the record's.
func (w *logfmtWriter) resource(dst []byte, r *Resource, names *flatNames) []byte {
	in := &path{name: w.names[fieldResource]}
	dst = w.resourceField(dst, in, resService, r.Service)
	dst = w.resourceField(dst, in, resVersion, r.Version)
	dst = w.resourceField(dst, in, resEnvironment, r.Environment)
	dst = w.resourceField(dst, in, resInstance, r.Instance)
	dst = w.resourceField(dst, in, resHost, r.Host)
	if r.PID != 0 {
		dst = appendInt(w.flat.key(dst, in, resPID), int64(r.PID))
	}
	if len(r.Attrs) == 0 {
		return dst
	}
	flat := w.flat // a copy, which keeps names off the heap
	if flat.taken = names; names != nil {
		for i := range names.seen {
			names.seen[i] = ^uint64(0) // so few that a filter does not pay: each is looked for
		}
	}
	return flat.attrs(dst, in, r.Attrs, 2)
}

func (w *logfmtWriter) resourceField(dst []byte, in *path, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendWord(w.flat.key(dst, in, name), value, w.flat.limit)
}

// appendFileLine appends file:line, in quotes if file needs them.
func appendFileLine(dst []byte, file string, line, limit int) []byte {
	quote := !isWord(file)
	if quote {
		dst = append(dst, '"')
	}
	dst = appendEscaped(dst, file, limit, true)
	dst = append(dst, ':')
	dst = appendInt(dst, int64(line))
	if quote {
		dst = append(dst, '"')
	}
	return dst
}
