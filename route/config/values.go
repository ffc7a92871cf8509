package config

import (
	"log/slog"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// any returns a value whose type the file alone determines.
func (d *decoder) any(n *yaml.Node, key string) (any, bool) {
	n = follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		m, known := map[string]any{}, true
		for _, e := range d.entries(n, key) {
			value, ok := d.any(e.value, e.path)
			m[e.name], known = value, known && ok
		}
		return m, known
	case yaml.SequenceNode:
		s, known := []any{}, true
		for i, item := range n.Content {
			value, ok := d.any(item, key+"["+strconv.Itoa(i)+"]")
			s, known = append(s, value), known && ok
		}
		return s, known
	}
	if isNull(n) {
		return nil, true
	}
	text, known := d.expand(n, key, false)
	if !known || n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return text, known
	}
	return plainValue(text), true
}

// plainValue reads a scalar without quotes: a bool, a number, or a text.
func plainValue(text string) any {
	if text == "true" || text == "false" {
		return text == "true"
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && (text == "0" || text[0] != '0') {
		return n
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && text[0] != '0' {
		return n // an id above 2^63, which a float would round
	}
	// A share (25%) is a text here, where nothing says that a number is meant; so is
	// what begins with 0 and is no decimal, as 007 above.
	if f, ok := parseNumber(text); ok && !strings.HasSuffix(text, "%") && (text[0] != '0' || strings.HasPrefix(text, "0.")) {
		return f
	}
	return text
}

// attrs sets attributes from a mapping; mappings in it are groups.
func (d *decoder) attrs(n *yaml.Node, key string, v reflect.Value) {
	if d.mapping(n, key, "a mapping of attributes") {
		v.Set(reflect.ValueOf(d.attrList(n, key)))
	}
}

// attrList returns attributes in the order of the file, which is the one that
// formats write them in.
func (d *decoder) attrList(n *yaml.Node, key string) []slog.Attr {
	var attrs []slog.Attr
	for _, e := range d.entries(n, key) {
		switch e.value.Kind {
		case yaml.MappingNode:
			attrs = append(attrs, slog.GroupAttrs(e.name, d.attrList(e.value, e.path)...))
		case yaml.SequenceNode:
			d.want(e.value, e.path, false, "a text, a number, true, false, or a mapping")
		default:
			if value, known := d.any(e.value, e.path); known {
				attrs = append(attrs, slog.Any(e.name, value))
			}
		}
	}
	return attrs
}
