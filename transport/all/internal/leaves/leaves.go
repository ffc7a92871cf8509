// Package leaves makes a value for each thing that a file can set, for tests
// that go over all of them.
package leaves

import (
	"reflect"
	"slices"
	"strings"

	"github.com/slogship/slogship/route/config"
)

// Leaf is one value that a file may set.
type Leaf struct {
	Keys, fields []string // the way to it, in a file and in Go
	Value        string   // as YAML has it
	Param        string   // as a URL's parameter has it; "" if there is no room for it
}

// Of returns all values that a file can set in a struct with these fields.
func Of(fields []config.Field) []Leaf { return below(fields, nil, nil) }

func below(fields []config.Field, keys, goNames []string) []Leaf {
	var all []Leaf
	for i := range fields {
		f := &fields[i]
		k, g := append(slices.Clone(keys), f.Key), append(slices.Clone(goNames), f.Go)
		switch f.Kind {
		case config.Unreachable:
		case config.Struct:
			all = append(all, below(f.Fields, k, g)...)
		default:
			value, param := sample(f)
			all = append(all, Leaf{k, g, value, param})
		}
	}
	return all
}

// sample is a value that is not a field's zero value.
func sample(f *config.Field) (value, param string) {
	simple := map[config.Kind]string{
		config.Text: "x1", config.Bool: "true", config.Integer: "7", config.Number: "0.5", config.Size: "7KiB", config.Duration: "1h7s",
		config.Level: "WARN+1", config.Levels: "'>=WARN'", config.Safety: "power", config.FileMode: "0640", config.Encoder: "gelf", config.Output: "stdout",
	}
	switch f.Kind {
	case config.Name:
		last := f.Values[len(f.Values)-1]
		return last, last
	case config.List:
		if f.Elem.Kind == config.Struct {
			value, _ = sample(&f.Elem.Fields[0])
			return "[{" + f.Elem.Fields[0].Key + ": " + value + "}]", ""
		}
		value, param = sample(f.Elem)
		return "[" + value + "]", param
	case config.Table:
		value, _ = sample(f.Elem)
		return "{key: " + value + "}", ""
	case config.Value, config.Attrs, config.Match:
		return "{a: 1}", ""
	}
	return simple[f.Kind], simple[f.Kind]
}

// Long is the leaf in a mapping: "a: {b: value}".
func (l *Leaf) Long() string {
	return strings.Join(l.Keys, ": {") + ": " + l.Value + strings.Repeat("}", len(l.Keys)-1)
}

// In returns the value of a struct's field at the leaf's place.
func (l *Leaf) In(v reflect.Value) reflect.Value {
	for _, name := range l.fields {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		v = v.FieldByName(name)
	}
	return v
}
