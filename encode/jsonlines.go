package encode

// JSONLines writes a record as one JSON object on one line: what slog's JSON
// handler writes, and the ID, resource and errors with their type and causes
// besides. The zero JSONLines is ready. It is comparable, safe for concurrent
// use, and does not allocate beyond growing dst.
//
//	{"time":"2026-11-23T09:49:44.123456789Z","level":"INFO","msg":"order paid","order":42,"took":1500000,
//	 "log_id":"019ab0f2-…","resource":{"service.name":"shop","host.name":"a1","process.pid":7}}
//
// The output is always valid JSON in valid UTF-8 without a name twice in one
// object, whatever the record holds:
//
//   - Control characters, also DEL, C1, U+2028 and U+2029, and characters that
//     turn the direction of text are escaped. Bytes that are not UTF-8 become
//     U+FFFD.
//   - An attribute that has the name of a field (see [Keys]) or of an attribute
//     before it gets a number: "level" becomes "level#2". One whose name ends in
//     "#" and digits always gets one.
//   - NaN and the infinities are the strings "NaN", "+Inf" and "-Inf".
//   - A value of type [JSON] is copied onto one line, with the same escapes. Its
//     own names are not compared. If it is not valid, it becomes a string.
//   - Groups, lists and causes deeper than 64 levels, attributes after the
//     1,024th of one object, and what is beyond MaxBytes are left out, and
//     marked: by "!TRUNCATED" in or in place of a string, and by the name
//     "!TRUNCATED" with the number of attributes that are missing.
//
// Values of kind Any outside the set that [Record] names become the string
// "!UNSUPPORTED" with their type.
type JSONLines struct {
	Keys     Keys           // names of the record's own fields, "-" for none; default its zero value
	Level    LevelFormat    // default LevelNames
	Time     TimeFormat     // default TimeRFC3339Nano
	Duration DurationFormat // default DurationNanos
	Errors   ErrorFormat    // default ErrorObject
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds what message and attributes take in the output, the
	// message at most half of it. Default 1 MiB. The other fields, which the
	// service and not its input determines, come on top.
	MaxBytes int
}

var _ Encoder = JSONLines{}

// ContentType returns "application/json", which one record is. A batch of them
// is NDJSON, and it is for the transport to say so.
func (j JSONLines) ContentType() string { return "application/json" }

// Validate reports names in Keys that are in use already: see [Keys.Validate].
func (j JSONLines) Validate() error { return j.Keys.Validate() }

// AppendRecord appends rec as described at [JSONLines]. The error is always nil.
func (j JSONLines) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	w := newJSONWriter(&j, dst)
	if j.Keys.isDefault() {
		w.names = &defaultNames
		w.plainNames = true
		taken := defaultTaken
		return w.record(dst, rec, &taken), nil
	}
	names, taken := j.Keys.resolve()
	w.names = &names
	return w.record(dst, rec, &taken), nil
}

// record appends rec: first what a reader looks for, then the attributes, then
// what machines need. The order costs a parser nothing, and a person who looks
// at raw lines sees what happened without scrolling.
//
// Each field, also the first, is written with a comma
// before it; the first one's comma then becomes the brace. So no field needs to
// know whether it is the first.
func (w *jsonWriter) record(dst []byte, rec *Record, taken *nameSet) []byte {
	start := len(dst)
	dst = w.head(dst, rec)
	dst = w.attrs(dst, rec.Attrs, taken, w.names[:], 1)
	dst = w.origin(dst, rec)
	if t := &rec.Trace; t.TraceID != [16]byte{} || t.SpanID != [8]byte{} {
		dst = w.trace(dst, &rec.Trace)
	}
	if w.has(fieldID) && !rec.ID.IsZero() {
		dst = w.field(dst, fieldID)
		dst = append(dst, '"')
		dst = appendID(dst, rec.ID)
		dst = append(dst, '"')
	}
	if w.has(fieldResource) && rec.Resource != nil {
		dst = w.field(dst, fieldResource)
		dst = w.resource(dst, rec.Resource)
	}
	return closeObject(dst, start)
}

// head appends time, level and message. A record without a time, which slog
// allows and asks handlers to leave out, says when it was taken instead, under
// another name: a record without any time is of little use at its destination.
func (w *jsonWriter) head(dst []byte, rec *Record) []byte {
	if !rec.Time.IsZero() {
		if w.has(fieldTime) {
			dst = w.timeValue(w.field(dst, fieldTime), rec.Time)
		}
	} else if w.has(fieldObserved) && !rec.Observed.IsZero() {
		dst = w.timeValue(w.field(dst, fieldObserved), rec.Observed)
	}
	if w.has(fieldLevel) {
		dst = w.field(dst, fieldLevel)
		if w.level == LevelNumbers {
			dst = w.level.append(dst, rec.Level)
		} else {
			dst = append(dst, '"')
			dst = w.level.append(dst, rec.Level)
			dst = append(dst, '"')
		}
	}
	if w.has(fieldMessage) {
		dst = w.field(dst, fieldMessage)
		dst = appendQuoted(dst, rec.Message, len(dst)+(w.limit-len(dst))/2)
	}
	return dst
}

// origin appends where in the program the record comes from.
func (w *jsonWriter) origin(dst []byte, rec *Record) []byte {
	if w.has(fieldScope) && rec.Scope != "" {
		dst = w.field(dst, fieldScope)
		dst = appendQuoted(dst, clip(rec.Scope, maxKeyLen), w.tail(dst))
	}
	if src := &rec.Source; w.has(fieldSource) && (src.File != "" || src.Function != "") {
		dst = w.field(dst, fieldSource)
		dst = append(dst, `{"function":`...)
		dst = appendQuoted(dst, src.Function, w.tail(dst))
		dst = append(dst, `,"file":`...)
		dst = appendQuoted(dst, src.File, w.tail(dst))
		dst = append(dst, `,"line":`...)
		dst = appendInt(dst, int64(src.Line))
		dst = append(dst, '}')
	}
	if w.has(fieldStack) && len(rec.Stack) > 0 {
		dst = w.field(dst, fieldStack)
		dst = w.stack(dst, rec.Stack, w.tail(dst))
	}
	return dst
}

// trace appends the ids as the hexadecimal digits of W3C's traceparent header,
// under the names that OpenTelemetry gives them in formats of others
// (https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/).
func (w *jsonWriter) trace(dst []byte, t *Trace) []byte {
	if w.has(fieldTraceID) {
		dst = append(w.field(dst, fieldTraceID), '"')
		dst = append(appendHex(dst, t.TraceID[:]), '"')
	}
	if w.has(fieldSpanID) {
		dst = append(w.field(dst, fieldSpanID), '"')
		dst = append(appendHex(dst, t.SpanID[:]), '"')
	}
	if w.has(fieldTraceFlags) {
		dst = append(w.field(dst, fieldTraceFlags), '"')
		dst = append(dst, hexLower[t.Flags>>4], hexLower[t.Flags&15], '"')
	}
	return dst
}
