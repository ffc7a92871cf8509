package encode

import (
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Text writes a record for people at a terminal:
//
//	09:49:44.123 INFO   order paid                       order=42 took=1.5ms customer.plan="gold plus"
//	09:49:45.007 ERROR  charge failed                    order=43 err="connection refused"  pay/charge.go:88
//
// Time, level and the start of message and attributes stand in columns. A group's
// attributes have the group's name and a dot before their own. The zero Text is
// ready. It is comparable and safe for concurrent use.
//
// Nothing that was logged reaches the terminal as a control character: those,
// and characters that end lines or turn the direction of text, are written as
// escapes such as \n and \u001b, and bytes that are not UTF-8 as U+FFFD. The
// limits of [JSONLines] hold. Text is not meant to be parsed, so names are not
// numbered: an attribute called "level" is written as level=…, which nobody
// takes for the level.
//
// The ID, trace and resource are left out unless asked for.
type Text struct {
	// Color colours the level, dims keys and what else is less important, by SGR
	// escape sequences. Ask [WantColor] whether to set it.
	Color bool

	// Multiline writes stacks, and messages of errors that have several lines,
	// as indented lines below the record. Without it a record is always one
	// line, as all transports need that tell records apart by their lines. The
	// lines below are indented, so what was logged cannot make one that looks
	// like a record of its own.
	Multiline bool

	ID       bool // write the record's ID
	Trace    bool // write trace and span id, if there are any
	Resource bool // write service, host and so on

	Level    LevelFormat    // default LevelNames
	Time     TimeFormat     // default TimeClock, in local time
	Duration DurationFormat // default DurationText
	Bytes    BytesFormat    // default BytesBase64
	MaxBytes int            // bounds message and attributes; default 1 MiB
}

var _ Encoder = Text{}

// ContentType returns "text/plain; charset=utf-8".
func (t Text) ContentType() string { return textPlain }

const (
	levelWidth   = 6  // NOTICE
	messageWidth = 32 // where the attributes begin, for messages that are shorter
	textIndent   = "             "
)

// AppendRecord appends rec as described at [Text]. The error is always nil.
func (t Text) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	w := textWriter{color: t.Color, level: t.Level, flat: flatWriter{
		time:      t.Time.or(TimeClock),
		duration:  t.Duration.or(DurationText),
		bytes:     t.Bytes,
		limit:     limitFor(dst, t.MaxBytes),
		firstLine: t.Multiline,
	}}
	if t.Color {
		w.flat.keyOn, w.flat.keyOff = sgrDim, sgrOff
	}
	dst = w.head(dst, rec)
	dst = w.flat.attrs(dst, nil, rec.Attrs, 1)
	w.flat.limit = len(dst) + defaultMaxBytes/16
	dst = w.origin(dst, rec)
	if t.Trace && !rec.Trace.IsZero() {
		dst = appendHex(w.flat.key(dst, nil, KeyTraceID), rec.Trace.TraceID[:])
		dst = appendHex(w.flat.key(dst, nil, KeySpanID), rec.Trace.SpanID[:])
	}
	if t.ID && !rec.ID.IsZero() {
		dst = appendID(w.flat.key(dst, nil, KeyID), rec.ID)
	}
	if t.Resource && rec.Resource != nil {
		names := fieldNames{fieldResource: KeyResource}
		lw := logfmtWriter{names: &names, flat: w.flat}
		dst = lw.resource(dst, rec.Resource, nil)
	}
	if t.Multiline {
		return w.below(dst, rec), nil
	}
	return w.stackWord(dst, rec.Stack), nil
}

// textWriter is one AppendRecord call's state.
type textWriter struct {
	color bool
	level LevelFormat
	flat  flatWriter
}

// head appends time, level, logger and message.
func (w *textWriter) head(dst []byte, rec *Record) []byte {
	at := rec.Time
	if at.IsZero() {
		at = rec.Observed
	}
	if !at.IsZero() {
		dst = w.on(dst, sgrDim)
		dst = w.flat.time.append(dst, at)
		dst = append(w.off(dst), ' ')
	}
	dst = w.on(dst, levelColor(rec.Level))
	start := len(dst)
	dst = w.level.append(dst, rec.Level)
	width := len(dst) - start
	dst = pad(w.off(dst), levelWidth+1-width)

	if rec.Scope != "" {
		dst = append(w.on(dst, sgrDim), '[')
		dst = appendEscaped(dst, clip(rec.Scope, maxKeyLen), len(dst)+6*maxKeyLen, false)
		dst = append(w.off(append(dst, ']')), ' ')
	}
	start = len(dst)
	dst = appendEscaped(dst, rec.Message, start+(w.flat.limit-start)/2, false)
	if len(rec.Attrs) > 0 {
		dst = pad(dst, messageWidth-utf8.RuneCount(dst[start:]))
	}
	return dst
}

// origin appends the last folder, file and line: enough to find it, and most
// terminals link it.
func (w *textWriter) origin(dst []byte, rec *Record) []byte {
	file := rec.Source.File
	if file == "" {
		return dst
	}
	if i := strings.LastIndexByte(file, '/'); i > 0 {
		file = file[strings.LastIndexByte(file[:i], '/')+1:]
	}
	dst = w.on(append(dst, "  "...), sgrDim)
	dst = appendEscaped(dst, file, w.flat.limit, false)
	dst = append(dst, ':')
	return w.off(appendInt(dst, int64(rec.Source.Line)))
}

// stackWord appends a stack within the line.
func (w *textWriter) stackWord(dst []byte, stack []Frame) []byte {
	if len(stack) == 0 {
		return dst
	}
	dst = append(w.flat.key(dst, nil, KeyStack), '"')
	dst = appendStack(dst, stack, w.flat.limit, `\n`, `\t`)
	return append(dst, '"')
}

// below appends what takes lines of its own: errors that hold more than their
// one-line message, then the record's stack.
func (w *textWriter) below(dst []byte, rec *Record) []byte {
	w.flat.limit = len(dst) + defaultMaxBytes/16
	dst = w.errorsBelow(dst, nil, rec.Attrs, 1)
	if len(rec.Stack) > 0 {
		dst = w.stackBelow(dst, rec.Stack)
	}
	return dst
}

// errorsBelow looks through groups, too. Errors in lists stay on the line.
func (w *textWriter) errorsBelow(dst []byte, in *path, attrs []slog.Attr, depth int) []byte {
	for i, a := range attrs {
		if depth > maxDepth || i == maxAttrs || len(dst) >= w.flat.limit {
			return dst // the line above has the mark
		}
		dst = w.errorBelow(dst, in, a, depth)
	}
	return dst
}

func (w *textWriter) errorBelow(dst []byte, in *path, a slog.Attr, depth int) []byte {
	switch a.Value.Kind() {
	case slog.KindGroup:
		p := path{outer: in, name: a.Key}
		return w.errorsBelow(dst, &p, a.Value.Group(), depth+1)
	case slog.KindAny:
	default:
		return dst // asking it for Any would allocate
	}
	e, ok := a.Value.Any().(*Error)
	if !ok || e == nil || len(e.Frames) == 0 && !strings.Contains(e.Message, "\n") {
		return dst
	}
	dst = w.on(w.line(dst, textIndent), sgrDim)
	dst = w.off(append(appendName(appendPath(dst, in), a.Key), ':'))
	dst = w.lines(append(dst, ' '), e.Message)
	return w.stackBelow(dst, e.Frames)
}

// lines appends the first line of s here, and each other one below and further
// in than what it belongs to.
func (w *textWriter) lines(dst []byte, s string) []byte {
	first, rest, more := strings.Cut(s, "\n")
	dst = appendEscaped(dst, first, w.flat.limit, false)
	for more && len(dst) < w.flat.limit {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		dst = w.line(dst, textIndent+"  ")
		dst = appendEscaped(dst, line, w.flat.limit, false)
	}
	if more {
		dst = append(w.line(dst, textIndent+"  "), truncated...)
	}
	return dst
}

func (w *textWriter) stackBelow(dst []byte, frames []Frame) []byte {
	if len(frames) == 0 {
		return dst
	}
	dst = w.on(w.line(dst, textIndent+"  "), sgrDim)
	dst = appendStack(dst, frames, w.flat.limit, "\n"+textIndent+"  ", "    ")
	return w.off(dst)
}

// line begins a line below the record. The indent comes before anything that
// was logged: nothing can begin a line at the left, where records do.
func (w *textWriter) line(dst []byte, indent string) []byte {
	return append(append(dst, '\n'), indent...)
}

func (w *textWriter) on(dst []byte, sgr string) []byte {
	if w.color {
		return append(dst, sgr...)
	}
	return dst
}

func (w *textWriter) off(dst []byte) []byte { return w.on(dst, sgrOff) }

// pad appends n spaces, if n is positive.
func pad(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, ' ')
	}
	return dst
}
