package crypto

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/slogship/slogship/encode"
)

// OpenJSON opens the tokens in a JSON document and returns the document. A string
// that is one token becomes its value, with its type as slogship's JSON lines
// would have written it: a number, an object. A token within a string becomes
// text. All else, also the order of names and the spaces, stays as it is, as do
// tokens that could not be opened, with a mark before them ("!TAMPERED "). Names
// of objects are not looked at.
//
// It returns [ErrJSON] and the document if that is not one valid JSON value.
func (o *Opener) OpenJSON(ctx context.Context, doc []byte) ([]byte, Counts, error) {
	if !json.Valid(doc) {
		return doc, Counts{}, fmt.Errorf("crypto: open document: %w", ErrJSON)
	}
	w := jsonOpener{ctx: ctx, o: o, in: jsonText{b: doc}}
	if o.opts.Layout != nil {
		w.at = &Place{Service: o.opts.Layout.Service, Record: recordOf(doc, o.opts.Layout.Record)}
	}
	w.any("")
	if w.copy == 0 {
		return doc, w.counts, nil
	}
	return append(w.out, doc[w.copy:]...), w.counts, nil
}

// jsonOpener opens the tokens in one document.
type jsonOpener struct {
	ctx    context.Context
	o      *Opener
	in     jsonText
	out    []byte
	copy   int    // what of in is in out already
	at     *Place // nil: places are not checked
	counts Counts
}

// any goes through one value, which stands at path. The stack grows with the
// nesting, of which a valid document has 10,000 at most.
func (w *jsonOpener) any(path string) {
	switch w.in.peek() {
	case '{', '[':
		w.members(path)
	case '"':
		w.string(path)
	default:
		w.in.value()
	}
}

// members goes through an object or a list. What a list holds stands where the
// list does.
func (w *jsonOpener) members(path string) {
	object := w.in.peek() == '{'
	w.in.skip()
	for {
		switch w.in.peek() {
		case '}', ']', 0:
			w.in.skip()
			return
		case ',':
			w.in.skip()
			continue
		}
		inner := path
		if object {
			name := w.in.string()
			w.in.peek()
			w.in.skip() // the colon
			if w.at != nil {
				inner = joinPath(path, unquote(name))
			}
		}
		w.any(inner)
	}
}

// string opens the tokens in a string. Most strings have none, and are not
// copied.
func (w *jsonOpener) string(path string) {
	start := w.in.i
	quoted := w.in.string()
	if !strings.Contains(string(quoted), anyPrefix) {
		return
	}
	var at *spot
	if w.at != nil {
		path = w.o.opts.Layout.path(path)
		at = &spot{Place{Service: w.at.Service, Record: w.at.Record, Path: path}, errorAt(path)}
	}
	s := unquote(quoted)
	text, found := "", false
	var whole []byte // the value, if s is one token and no more
	text, found = w.o.replaceTokens(w.ctx, s, at, &w.counts, func(before string, v slog.Value) string {
		if _, to := findToken(s, 0); to == len(s) && before == "" {
			whole = valueJSON(v)
		}
		return inText(before, v)
	})
	switch {
	case !found:
		return
	case whole == nil:
		whole = valueJSON(slog.StringValue(text))
	}
	w.out = append(append(w.out, w.in.b[w.copy:start]...), whole...)
	w.copy = w.in.i
}

// path returns where the value at a document's path was sealed: encoders put
// attributes below Root, and number names that are in use ("level#2").
func (l *Layout) path(path string) string {
	if path == l.Message {
		return ""
	}
	if l.Root != "" {
		path = strings.TrimPrefix(path, l.Root+".")
	}
	names := strings.Split(path, ".")
	for i, name := range names {
		if at := strings.LastIndexByte(name, '#'); at > 0 && strings.Trim(name[at+1:], "0123456789") == "" {
			names[i] = name[:at]
		}
	}
	return strings.Join(names, ".")
}

// errorAt returns the path of the error whose message stands at path, or "".
func errorAt(path string) string {
	path, ok := strings.CutSuffix(path, ".message")
	if !ok {
		return ""
	}
	for ok {
		path, ok = strings.CutSuffix(path, ".causes")
	}
	return path
}

// maxPlace is how much of a path in a document is kept. A token's own path has
// maxPath at most; the rest is room for what [Layout.path] takes off. Without the
// bound, names of 400 bytes in 9,000 levels would be 16 GB of paths at a time.
const maxPlace = 4 * maxPath

// joinPath appends a name to a dotted path.
func joinPath(path, name string) string {
	if len(path) >= maxPlace {
		return path
	}
	name = name[:min(len(name), maxPlace)]
	if path == "" {
		return name
	}
	return path + "." + name
}

// recordOf looks through the document before its values are opened, since the id
// may come after them. Names of objects are compared as they are written there,
// and the first one counts.
//
// It returns the record's id at a path of a document; zero: there is none.
func recordOf(doc []byte, path string) encode.ID {
	t := jsonText{b: doc}
	name, rest, nested := strings.Cut(path, ".")
	if t.peek() != '{' {
		return encode.ID{}
	}
	t.skip()
	for t.peek() == '"' || t.peek() == ',' {
		if t.peek() == ',' {
			t.skip()
			continue
		}
		key := unquote(t.string())
		t.peek()
		t.skip() // the colon
		value := t.value()
		switch {
		case nested && key == name:
			return recordOf(value, rest)
		case key == path && len(value) > 2 && value[0] == '"':
			id, err := encode.ParseID(unquote(value))
			if err != nil {
				return encode.ID{}
			}
			return id
		}
	}
	return encode.ID{}
}
