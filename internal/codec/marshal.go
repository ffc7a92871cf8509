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
	// Assertions, not errors.As: that would call methods of the user's errors.
	switch err := err.(type) {
	case nil:
	case panicError:
		return b.mark(dst, at, string(err))
	case sizeError:
		b.cut++
		return b.mark(dst, at, errorMark(err))
	default:
		return b.mark(dst, at, errorMark(err))
	}
	switch {
	case !json.Valid(text):
		return b.mark(dst, at, "!ERROR: invalid JSON: "+string(text))
	case tooDeep(text):
		b.cut++
		return b.mark(dst, at, "!ERROR: JSON nested too deep: "+string(text))
	case len(text) > room(dst, len(text)):
		return b.mark(dst, at, string(text)) // too long, so it will be cut
	}
	if !utf8.Valid(text) {
		// Encoders copy JSON, and what they write must be UTF-8. The check of
		// JSON lets other bytes pass inside strings, where a replacement is
		// valid too.
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

// sizeError names the type of a value that was not marshalled because there
// is too much of it, or no end to it.
type sizeError string

func (e sizeError) Error() string {
	return "codec: marshal " + string(e) + ": cyclic, nested too deep or too large"
}

// marshal returns x as compact JSON. Go's reflection would marshal a graph of
// any size and only then let us see it, so the graph is measured first. (A
// writer that stops at a limit is no way out: json.Encoder writes once, at the
// end.)
func marshal(x any) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicError(panicText(r))
		}
	}()
	if m := newMeter(); !m.json(reflect.ValueOf(x), 0) {
		return nil, sizeError(fmt.Sprintf("%T", x))
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
	if m := newMeter(); !m.fmt(reflect.ValueOf(x), 0) {
		return err
	}
	return fmt.Errorf("%w: %+v", err, x)
}

// tooDeep reports whether valid JSON is nested deeper than MaxDepth.
func tooDeep(text []byte) bool {
	// Valid, so brackets outside of strings match and no string is left open.
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
