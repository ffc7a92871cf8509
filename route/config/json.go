package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// jsonReader makes the nodes of YAML out of JSON. It reads tokens rather than
// into maps, which would forget lines and keys that are given twice.
type jsonReader struct {
	text []byte
	dec  *json.Decoder
	line int // of the byte at seen, from 1; start is where that line begins
	seen int
	from int
}

// parseJSON reads one object. What encoding/json allows and JSON does not, there
// is none: no comments, no commas at the end.
func parseJSON(text []byte) (*yaml.Node, *Error) {
	r := &jsonReader{text: text, dec: json.NewDecoder(bytes.NewReader(text)), line: 1}
	r.dec.UseNumber()
	root, err := r.value(0)
	if err == nil {
		if _, err = r.dec.Token(); errors.Is(err, io.EOF) {
			return root, nil
		} else if err == nil {
			err = errors.New("something stands behind the object")
		}
	}
	e := &Error{Problem: "not well-formed JSON: " + show(jsonReason(err)), Err: ErrSyntax}
	e.Line, e.Column = r.place(r.offset(err))
	if errors.Is(err, errDeep) {
		e.Problem, e.Err = "nested more than 32 deep", ErrLimit
	}
	return nil, e
}

var errDeep = errors.New("too deep")

// offset is where err is about.
func (r *jsonReader) offset(err error) int {
	if se, ok := errors.AsType[*json.SyntaxError](err); ok && se.Offset > 0 {
		return min(int(se.Offset), len(r.text))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return len(r.text)
	}
	return int(r.dec.InputOffset())
}

// jsonReason is the text of an error of encoding/json, whose words for a file
// that was cut off are "EOF".
func jsonReason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// place returns line and column of an offset that is not before the last one.
func (r *jsonReader) place(offset int) (line, column int) {
	for ; r.seen < offset; r.seen++ {
		if r.text[r.seen] == '\n' {
			r.line, r.from = r.line+1, r.seen+1
		}
	}
	return r.line, offset - r.from + 1
}

// value reads one value, whose first token begins behind what the decoder has
// read, blanks and separators.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	begin := int(r.dec.InputOffset())
	for begin < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[begin]) >= 0 {
		begin++
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Tag: "!!str"}
	n.Line, n.Column = r.place(begin)
	switch t := token.(type) {
	case string:
		n.Value = t
	case json.Number:
		n.Value, n.Style, n.Tag = t.String(), 0, "!!float"
	case bool:
		n.Value, n.Style, n.Tag = map[bool]string{true: "true", false: "false"}[t], 0, "!!bool"
	case nil:
		n.Value, n.Style, n.Tag = "null", 0, "!!null"
	case json.Delim:
		n.Kind, n.Style, n.Tag = yaml.MappingNode, yaml.FlowStyle, "!!map"
		if t == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		for r.dec.More() {
			child, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		if _, err := r.dec.Token(); err != nil {
			return nil, err
		}
	}
	return n, nil
}
