package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// marshal appends the JSON form of x: a value that marshals itself, a map or a
// struct.
func (b *builder) marshal(dst []byte, at place, x any) []byte {
	if v := reflect.ValueOf(x); v.Kind() == reflect.Pointer && v.IsNil() {
		return b.head(dst, at, kindNil) // as encoding/json has it, without a call
	}
	text, err := marshal(x)
	return b.json(dst, at, text, err)
}

// json appends text as JSON, or as a marked string if it is not (a Marshaler
// may return anything, and so may err say), is nested too deep or is too long:
// half a JSON text is none.
func (b *builder) json(dst []byte, at place, text []byte, err error) []byte {
	if panicked, ok := err.(panicError); ok {
		return b.mark(dst, at, string(panicked))
	}
	switch {
	case err != nil:
		return b.mark(dst, at, errorMark(err))
	case !json.Valid(text):
		return b.mark(dst, at, "!ERROR: invalid JSON: "+string(text))
	case tooDeep(text):
		b.cut++
		return b.mark(dst, at, "!ERROR: JSON nested too deep: "+string(text))
	case len(text) > room(dst, len(text)):
		return b.mark(dst, at, string(text)) // too long, so it will be cut
	}
	if !utf8.Valid(text) {
		// Encoders copy JSON, and what they write must be UTF-8.
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	dst = b.head(dst, at, kindJSON)
	return append(appendUvarint(dst, uint64(len(text))), text...)
}

// mark appends text that stands for a value.
func (b *builder) mark(dst []byte, at place, text string) []byte {
	return b.text(b.head(dst, at, kindString), text)
}

// panicError is a panic of a MarshalJSON method, as text.
type panicError string

func (e panicError) Error() string { return string(e) }

// marshal returns x as compact JSON. Go's reflection would marshal a graph of
// any size and only then let us see it, so the graph is measured first.
func marshal(x any) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicError(panicText(r))
		}
	}()
	m := meter{nodes: maxNodes, bytes: Limit}
	if !m.json(reflect.ValueOf(x), 0) {
		return nil, fmt.Errorf("codec: marshal %T: cyclic, nested too deep or too large", x)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // as slog: a log is not a web page
	if err := enc.Encode(x); err != nil {
		return nil, fallback(x, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// fallback adds to err what fmt can say of x. fmt has no defence against a map
// that contains itself: it would end the process.
func fallback(x any, err error) error {
	m := meter{nodes: maxNodes, bytes: Limit}
	if !m.fmt(reflect.ValueOf(x), 0) {
		return err
	}
	return fmt.Errorf("%w: %+v", err, x)
}

// tooDeep reports whether valid JSON is nested deeper than MaxDepth.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
