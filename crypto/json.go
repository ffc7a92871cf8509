package crypto

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"

	"github.com/slogship/slogship/encode"
)

// jsonText is a valid JSON text and how far it has been read. Its methods rely on
// its being valid, which the caller has checked; on other input they come to an
// end all the same, with nonsense.
//
// Unmarshalling, changing and marshalling was the other way. It would lose the
// order of names, the digits of numbers beyond a float64, and equal names.
type jsonText struct {
	b []byte
	i int
}

// space skips white space.
func (t *jsonText) space() {
	for t.i < len(t.b) && (t.b[t.i] == ' ' || t.b[t.i] == '\n' || t.b[t.i] == '\t' || t.b[t.i] == '\r') {
		t.skip()
	}
}

// skip leaves out one character, if there is one.
func (t *jsonText) skip() {
	if t.i < len(t.b) {
		t.i++
	}
}

// peek returns the next character that is not white space.
func (t *jsonText) peek() byte {
	t.space()
	if t.i >= len(t.b) {
		return 0
	}
	return t.b[t.i]
}

// string reads a string and returns it with its quotes.
func (t *jsonText) string() []byte {
	start := t.i
	for t.i++; t.i < len(t.b) && t.b[t.i] != '"'; t.i++ {
		if t.b[t.i] == '\\' {
			t.skip()
		}
	}
	t.i = min(t.i+1, len(t.b)) // an escape may have led beyond
	return t.b[min(start, t.i):t.i]
}

// value reads a whole value and returns it.
func (t *jsonText) value() []byte {
	t.space()
	start := t.i
	for depth := 0; t.i < len(t.b); {
		switch c := t.b[t.i]; c {
		case '"':
			t.string()
			if depth == 0 {
				return t.b[start:t.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return t.b[start:t.i] // the end of what the value is in
			}
			if depth == 0 {
				t.skip()
				return t.b[start:t.i]
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return t.b[start:t.i]
			}
		}
		t.skip()
	}
	return t.b[start:t.i]
}

// unquote returns what a JSON string says. It is its own bytes if it has no
// escape.
func unquote(quoted []byte) string {
	if len(quoted) < 2 {
		return "" // not reached with a valid text
	}
	inner := string(quoted[1 : len(quoted)-1])
	if !strings.Contains(inner, `\`) {
		return inner
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return inner // not reached with a valid text
	}
	return s
}

// quoteTo appends s as a JSON string. HTML's characters are left alone: a log is
// not a web page.
func quoteTo(dst []byte, s string) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return append(dst, `""`...) // not reached: a string always has a form
	}
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}

// jsonSealer applies the policy inside of a JSON text: what structs and maps are
// logged as.
type jsonSealer struct {
	sc   *Scratch
	in   jsonText
	out  []byte
	copy int // what of in is in out already
}

// json returns text as the rules leave it. The names of its objects are names of
// a path below f.
func (g *Group) json(sc *Scratch, f *field, text encode.JSON) encode.JSON {
	w := jsonSealer{sc: sc, in: jsonText{b: text}}
	w.any(g, f)
	if w.copy == 0 {
		return text
	}
	return append(w.out, text[w.copy:]...)
}

// any goes through one value.
func (w *jsonSealer) any(g *Group, f *field) {
	switch w.in.peek() {
	case '{':
		w.object(g.group(f))
	case '[':
		w.in.skip()
		for c := w.in.peek(); c != ']' && c != '}' && c != 0; c = w.in.peek() {
			if c == ',' {
				w.in.skip()
				continue
			}
			w.any(g, f)
		}
		w.in.skip()
	case '"':
		start := w.in.i
		if s := w.in.string(); f.rule == nil {
			if text, found := g.s.detectedText(w.sc, place{g.prefix, f.key}, unquote(s)); found {
				w.put(start, quoteTo(nil, text))
			}
		}
	default:
		start := w.in.i
		s := w.in.value()
		if f.rule == nil && g.s.needs(CardNumbers) {
			if text, found := g.s.detectedText(w.sc, place{g.prefix, f.key}, string(s)); found {
				w.put(start, quoteTo(nil, text))
			}
		}
	}
}

// put replaces what was read since start. What is untouched is copied in as few
// pieces as there are replacements, and not at all without one.
func (w *jsonSealer) put(start int, by []byte) {
	w.out = append(append(w.out, w.in.b[w.copy:start]...), by...)
	w.copy = w.in.i
}

// object goes through the members of an object.
func (w *jsonSealer) object(g *Group) {
	w.in.skip()
	for first := true; w.in.peek() == '"' || w.in.peek() == ','; {
		start := w.in.i
		if w.in.peek() == ',' {
			w.in.skip()
			w.in.space()
		}
		f := g.find(unquote(w.in.string()))
		w.in.space()
		w.in.skip() // the colon
		if f.rule == nil || f.rule.do == Keep || w.in.peek() == '{' && !g.whole(f) {
			w.any(g, f)
			first = false
			continue
		}
		first = !w.member(g, f, start, first) && first
	}
	w.in.skip()
}

// member replaces the value of a member and reports true, or leaves the member
// out. It began at start, with the comma before it if it is not the first.
func (w *jsonSealer) member(g *Group, f *field, start int, first bool) bool {
	w.in.space()
	from := w.in.i
	value := w.in.value()
	text := g.s.token(w.sc, f.rule, place{g.prefix, f.key}, jsonValue(value))
	if text != nil {
		w.put(from, quoteTo(nil, string(text)))
		return true
	}
	// Each member goes with the comma before it; the first has none, so it takes
	// the one behind it, and the next member is the first then.
	if first && w.in.peek() == ',' { // the next one has no member before it any more
		w.in.skip()
		w.in.space()
	}
	w.put(start, nil)
	return false
}

// jsonValue returns a JSON value as a plain one where there is no doubt about
// it. A number stays as it was written: 1.0 is not 1 to everybody.
func jsonValue(text []byte) slog.Value {
	switch {
	case len(text) == 0:
		return slog.AnyValue(nil)
	case text[0] == '"':
		return slog.StringValue(unquote(text))
	case text[0] == 't' || text[0] == 'f':
		return slog.BoolValue(text[0] == 't')
	case text[0] == 'n':
		return slog.AnyValue(nil)
	}
	return slog.AnyValue(encode.JSON(slices.Clone(text)))
}
