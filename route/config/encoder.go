package config

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/encode"
)

// Encoders returns the formats by their names in a file. Each is the zero value
// of its type, which is its default.
func Encoders() map[string]encode.Encoder {
	return map[string]encode.Encoder{
		"json":     encode.JSONLines{},
		"logfmt":   encode.Logfmt{},
		"text":     encode.Text{},
		"ecs":      encode.ECS{},
		"gelf":     encode.GELF{},
		"pickle":   encode.Pickle{},
		"protobuf": encode.Protobuf{},
		"rfc5424":  encode.RFC5424{},
		"rfc3164":  encode.RFC3164{},
		"journal":  encode.Journal{},
	}
}

// EncoderFields returns the fields of the format of this name.
func EncoderFields(name string) []Field { return FieldsOf(reflect.TypeOf(Encoders()[name])) }

// encoder sets a format: its name, or a mapping with its type and fields.
func (d *decoder) encoder(n *yaml.Node, key string, v reflect.Value) {
	known := Encoders()
	allowed := "one of " + list(sortedKeys(known)) + ", or a mapping with its type and fields"
	typ := entry{value: n, path: key}
	var es []entry
	if n.Kind == yaml.MappingNode {
		es = d.entries(n, key)
		if found := findEntry(es, "type"); found != nil {
			typ = *found
		}
	}
	if typ.value.Kind != yaml.ScalarNode || isNull(typ.value) {
		d.want(typ.value, typ.path, true, allowed)
		return
	}
	name, ok := d.expand(typ.value, typ.path, false)
	if !ok {
		return
	}
	enc, ok := known[name]
	if !ok {
		d.want(typ.value, typ.path, false, allowed, sortedKeys(known)...)
		return
	}
	made := reflect.New(reflect.TypeOf(enc)).Elem()
	d.fields(es, FieldsOf(made.Type()), made, "type")
	if err := encode.Validate(made.Interface().(encode.Encoder)); err != nil {
		e := &Error{Problem: err.Error(), Err: ErrValue}
		if refers(n) { // the encoder's own words may quote what a reference stands for
			e.Problem = "the format does not take its fields, of which one refers to what is not shown"
		}
		d.fail(n, key, e)
		return
	}
	v.Set(made)
}

// refers reports whether there is a reference anywhere in n.
func refers(n *yaml.Node) bool {
	n = follow(n)
	for _, child := range n.Content {
		if refers(child) {
			return true
		}
	}
	return strings.Contains(n.Value, "${")
}
