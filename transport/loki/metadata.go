package loki

import (
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/slogship/slogship/encode"
)

// Names in the metadata that no attribute gets. Those of the resource are
// reserved besides, and the labels' and Loki's own.
const (
	idName         = encode.KeyID
	traceIDName    = encode.KeyTraceID
	spanIDName     = encode.KeySpanID
	traceFlagsName = encode.KeyTraceFlags
	scopeName      = encode.KeyScope
	sourceName     = encode.KeySource
	functionName   = "function"
	stackName      = encode.KeyStack
	claimedName    = encode.KeyTime
	detectedName   = "detected_level"
)

// leastMetadata and leastCount let the fields that identify a record always fit.
const (
	leastMetadata = 1 << 10
	leastCount    = 16
)

// maxDepth is how deep groups are followed, as in package encode.
const maxDepth = 64

// pair is one name with its value, by their places in metadata.text.
type pair struct{ name, value, end int }

// metadata is the structured metadata of one entry, in memory that the next
// entry uses again.
type metadata struct {
	maxSize, maxCount int
	reserved          []string // names that are not for attributes

	text  []byte
	pairs []pair
	size  int  // as Loki counts it: names and values
	full  bool // something did not fit
}

func (m *metadata) reset() {
	m.text, m.pairs, m.size, m.full = m.text[:0], m.pairs[:0], 0, false
}

func (m *metadata) name(i int) []byte  { return m.text[m.pairs[i].name:m.pairs[i].value] }
func (m *metadata) value(i int) []byte { return m.text[m.pairs[i].value:m.pairs[i].end] }

// close ends the pair whose name and value are at the end of text, unless there
// is no room for it.
func (m *metadata) close(name, value int) {
	size := len(m.text) - name
	if m.size+size > m.maxSize || len(m.pairs) >= m.maxCount {
		m.text, m.full = m.text[:name], true
		return
	}
	m.size += size
	m.pairs = append(m.pairs, pair{name, value, len(m.text)})
}

// beyond is where a value that begins at is cut: not before it is too long for
// the metadata as a whole, so that nothing is cut in secret.
func (m *metadata) beyond(at int) int { return at + m.maxSize + 1 + room }

// open begins a pair; its value is appended to text, and close ends it.
func (m *metadata) open(name string) (start, at int) {
	start = len(m.text)
	m.text = append(m.text, name...)
	return start, len(m.text)
}

// own adds a field whose name is reserved. An empty one is left out: Loki
// removes it.
func (m *metadata) own(name, value string) {
	if value == "" || m.full {
		return
	}
	start, at := m.open(name)
	m.text = appendClean(m.text, value, m.beyond(at))
	m.close(start, at)
}

// identity adds what a record is found by. It always fits.
func (m *metadata) identity(rec *encode.Record, level bool, claimed time.Time) {
	if !rec.ID.IsZero() {
		start, at := m.open(idName)
		m.text, _ = rec.ID.AppendText(m.text) // never fails
		m.close(start, at)
	}
	if level {
		m.own(levelName, levelText(rec.Level))
	}
	if t := &rec.Trace; !t.IsZero() {
		m.hex(traceIDName, t.TraceID[:])
		m.hex(spanIDName, t.SpanID[:])
		m.hex(traceFlagsName, []byte{t.Flags})
	}
	if !claimed.IsZero() {
		m.own(claimedName, claimed.Format(time.RFC3339Nano))
	}
}

func (m *metadata) hex(name string, b []byte) {
	start, at := m.open(name)
	for _, c := range b {
		m.text = append(m.text, hex[c>>4], hex[c&15])
	}
	m.close(start, at)
}

// number adds a field with a number.
func (m *metadata) number(name string, n int) {
	if m.full {
		return
	}
	start, at := m.open(name)
	m.text = strconv.AppendInt(m.text, int64(n), 10)
	m.close(start, at)
}

// everything adds all else that rec has but its message. It reports whether
// that fits.
func (m *metadata) everything(rec *encode.Record, labels *labeler) bool {
	m.own(scopeName, rec.Scope)
	if s := &rec.Source; s.File != "" && !m.full {
		start, at := m.open(sourceName)
		m.text = append(appendClean(m.text, s.File, m.beyond(at)), ':')
		m.text = strconv.AppendInt(m.text, int64(s.Line), 10)
		m.close(start, at)
	}
	m.own(functionName, rec.Source.Function)
	m.attrs("", rec.Attrs, 1)
	if len(rec.Stack) > 0 && !m.full {
		m.stack(stackName, rec.Stack)
	}
	if rec.Resource != nil {
		m.resource(rec.Resource, labels)
	}
	return !m.full
}

// resource adds what is not among the labels.
func (m *metadata) resource(r *encode.Resource, labels *labeler) {
	for i, value := range texts(r) {
		if f := &labels.fields[i]; !f.label {
			m.own(f.name, value)
		}
	}
	if f := &labels.fields[pidField]; r.PID != 0 && !f.label {
		m.number(f.name, r.PID)
	}
	for _, a := range r.Attrs {
		if !slices.Contains(labels.resource, a.Key) {
			m.attr("", a, 1)
		}
	}
}

func (m *metadata) stack(name string, frames []encode.Frame) {
	start, at := m.open(name)
	m.text = appendStack(m.text, frames, m.beyond(at))
	m.close(start, at)
}

// attrs adds attributes; in is the groups around them, each with "_" behind it.
func (m *metadata) attrs(in string, attrs []slog.Attr, depth int) {
	for i := range attrs {
		if m.full {
			return
		}
		m.attr(in, attrs[i], depth)
	}
}

func (m *metadata) attr(in string, a slog.Attr, depth int) {
	if a.Value.Kind() == slog.KindGroup {
		if depth >= maxDepth {
			m.full = true // the line will say where it was cut
			return
		}
		name := appendNameAt([]byte(in), 0, a.Key)
		m.attrs(string(appendNameAt(name, 0, "_")), a.Value.Group(), depth+1)
		return
	}
	m.add(in, a.Key, a.Value)
	if a.Value.Kind() != slog.KindAny {
		return
	}
	if e, ok := a.Value.Any().(*encode.Error); ok && e != nil {
		m.add(in, a.Key+"_type", slog.StringValue(e.Type))
		if len(e.Frames) > 0 {
			m.add(in, a.Key+"_stack", slog.StringValue(string(appendStack(nil, e.Frames, m.beyond(0)))))
		}
	}
}

// add adds one attribute under a name that is free.
func (m *metadata) add(in, key string, v slog.Value) {
	start := len(m.text)
	m.text = append(m.text, in...)
	m.text = appendNameAt(m.text, start, key)
	m.text = settleName(m.text, start, m.used)
	at := len(m.text)
	if m.text = appendValue(m.text, v, m.beyond(at)); len(m.text) == at {
		m.text = append(m.text, `""`...) // Loki would leave out the name with an empty value
	}
	m.close(start, at)
}

// used reports whether a name is taken. The names of a record are few: looking
// through them costs less than a map that has to be emptied for each entry.
func (m *metadata) used(name []byte) bool {
	for _, r := range m.reserved {
		if string(name) == r {
			return true
		}
	}
	for i := range m.pairs {
		if string(m.name(i)) == string(name) {
			return true
		}
	}
	return false
}
