package all_test

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/tcp"
)

// leaf is one value that a file may set.
type leaf struct {
	keys, fields []string // the way to it, in a file and in Go
	kind         config.Kind
	value        string // as YAML has it
	url          string // as a parameter has it; "" if it has no room there
}

// leaves are all values that a file can set below some fields.
func leaves(fields []config.Field, keys, goNames []string) []leaf {
	var all []leaf
	for i := range fields {
		f := &fields[i]
		k, g := append(slices.Clone(keys), f.Key), append(slices.Clone(goNames), f.Go)
		switch f.Kind {
		case config.Unreachable:
		case config.Struct:
			all = append(all, leaves(f.Fields, k, g)...)
		default:
			value, param := sample(f)
			all = append(all, leaf{k, g, f.Kind, value, param})
		}
	}
	return all
}

// sample is a value that is not a field's zero value.
func sample(f *config.Field) (value, param string) {
	simple := map[config.Kind]string{
		config.Text: "x1", config.Bool: "true", config.Integer: "7", config.Number: "0.5", config.Size: "7KiB", config.Duration: "1h7s",
		config.Level: "WARN+1", config.Safety: "power", config.FileMode: "0640", config.Encoder: "gelf", config.Output: "stdout",
	}
	switch f.Kind {
	case config.Name:
		last := f.Values[len(f.Values)-1]
		return last, last
	case config.List:
		if f.Elem.Kind == config.Struct {
			return "[{" + f.Elem.Fields[0].Key + ": x1}]", ""
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

// long is the leaf in a mapping: "a: {b: value}".
func (l *leaf) long() string {
	return strings.Join(l.keys, ": {") + ": " + l.value + strings.Repeat("}", len(l.keys)-1)
}

// in returns the value of a struct's field at the leaf's place.
func (l *leaf) in(v reflect.Value) reflect.Value {
	for _, name := range l.fields {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		v = v.FieldByName(name)
	}
	return v
}

// Every field of every destination that can be set from a file is set by it, in
// the long form and, where there is room for it, by a URL's parameter.
func TestEveryField(t *testing.T) {
	forms, schemes, count := formsOf(), all.Schemes(), 0
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		for _, l := range leaves(schemes[name].Fields(), nil, nil) {
			d := mustOutput(t, "{type: "+name+", "+l.long()+"}")
			got := l.in(reflect.ValueOf(d))
			if got.IsZero() {
				t.Errorf("%s: %s is not set", name, l.long())
			}
			count++
			if l.url == "" || !schemes[name].HasURL() {
				continue
			}
			short, _, _ := strings.Cut(forms[name][0].url, "?")
			short += "?" + strings.Join(l.keys, ".") + "=" + url.QueryEscape(l.url)
			if by := l.in(reflect.ValueOf(mustOutput(t, "'"+short+"'"))); !reflect.DeepEqual(by.Interface(), got.Interface()) {
				t.Errorf("%s: %v, in the long form %v", short, by, got)
			}
		}
	}
	if count < 500 {
		t.Errorf("%d fields: the test has lost its subject", count)
	}
}

// The same for the formats.
func TestEveryFieldOfEncoders(t *testing.T) {
	for name := range config.Encoders() {
		for _, l := range leaves(config.EncoderFields(name), nil, nil) {
			if l.keys[0] == "sdid" {
				l.value = "x1@32473" // RFC 5424 §7
			}
			d := mustOutput(t, "{type: tcp, encoder: {type: "+name+", "+l.long()+"}}").(tcp.Destination)
			if l.in(reflect.ValueOf(d.Encoder)).IsZero() {
				t.Errorf("%s: %s is not set", name, l.long())
			}
		}
	}
}
