package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// schemaID is where the schema is published.
const schemaID = "https://raw.githubusercontent.com/slogship/slogship/main/route/config/schema.json"

// object is a part of the schema. encoding/json sorts its keys, so that the same
// types always make the same bytes.
type object = map[string]any

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func anyOf(parts ...any) object { return object{"anyOf": parts} }

func pattern(text string) object { return object{"type": "string", "pattern": text} }

// schema is route/config/schema.json, in JSON Schema 2020-12. It is stricter than
// package config in one thing: names of values are as the reference has them, so
// that an editor completes them.
func (m *model) schema() ([]byte, error) {
	defs := scalars()
	maps.Copy(defs, object{"match": matcher(), "condition": condition(), "attributes": attributes()})
	defs["tls"] = m.tls.object("", m.tls.fields)
	m.encoderDefs(defs)
	m.outputDefs(defs)
	m.fileDefs(defs)
	root := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schemaID,
		"title":       "slogship configuration",
		"description": "Routes of log records, read by github.com/slogship/slogship/route/config. Made by go generate in transport/all.",
		"type":        "object", "required": []string{"logging"}, "additionalProperties": false,
		"properties": object{"logging": ref("logging")}, "patternProperties": object{"^x-": true},
		"$defs": defs,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(root)
	return b.Bytes(), err
}

func (m *model) fileDefs(defs object) {
	logging := m.logging.object("", m.logging.fields)
	properties := logging["properties"].(object)
	extra := object{
		"routes":       object{"type": "array", "minItems": 1, "items": ref("route")},
		"level":        anyOf(ref("level"), pattern(`=`), object{"type": "object", "additionalProperties": ref("level")}),
		"buffer":       m.buffer.object("", m.buffer.fields),
		"sealing":      sealingObject(),
		"environments": object{"type": "object", "additionalProperties": anyOf(m.environment.object("", m.environment.fields), object{"type": "null"})},
		"rename":       object{"type": "object", "additionalProperties": ref("text")},
	}
	for _, o := range fileKeys {
		properties[o.key] = described(extra[o.key].(object), o)
	}
	logging["required"] = []string{"routes"}
	defs["logging"] = logging
	route := m.route.object("", m.route.fields)
	properties = route["properties"].(object)
	properties["name"] = described(pattern("^[a-z0-9-]{1,64}$"), m.route.option("name"))
	properties["environment"] = described(list(ref("text")), routeKeys[0])
	route["required"] = []string{"output"}
	defs["route"] = route
}

// sealingObject is logging.sealing.
func sealingObject() object {
	properties := object{}
	for _, o := range sealingKeys {
		properties[o.key] = described(ref("text"), o)
	}
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

// object is a mapping with the fields and no other keys.
func (s *section) object(prefix string, fields []config.Field) object {
	properties := object{}
	for i := range fields {
		f := &fields[i]
		if f.Kind != config.Unreachable {
			key := prefix + f.Key
			properties[f.Key] = described(s.value(key, f), s.option(key))
		}
	}
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

// described adds what an editor shows.
func described(schema object, o option) object {
	text := o.meaning
	if o.fallback != "" {
		text = strings.TrimSpace(text + "\n\nDefault: " + o.fallback + ".")
	}
	if o.required {
		text = strings.TrimSpace(o.meaning + "\n\nRequired.")
	}
	if text == "" {
		return schema
	}
	with := maps.Clone(schema)
	with["description"] = text
	return with
}

// value is the schema of what may stand at a key.
func (s *section) value(key string, f *config.Field) object {
	switch f.Kind {
	case config.Name:
		if slices.Contains(f.Values, "null") { // YAML takes the name for its null, and so does config
			return anyOf(object{"enum": f.Values}, object{"type": "null"}, ref("reference"))
		}
		return anyOf(object{"enum": f.Values}, ref("reference"))
	case config.List:
		return list(s.value(key+"[]", f.Elem))
	case config.Table:
		return object{"type": "object", "additionalProperties": s.value(key+"[]", f.Elem)}
	case config.Struct:
		return s.mapping(key, f)
	case config.Value:
		return object{}
	default:
		return ref(strings.ReplaceAll(f.Kind.String(), " ", "-"))
	}
}

// mapping is a struct. One that may be left out may be true or false.
func (s *section) mapping(key string, f *config.Field) object {
	inner := s.inner(key, f)
	if f.Type.Kind() == reflect.Pointer {
		return anyOf(inner, ref("bool"))
	}
	return inner
}

func (s *section) inner(key string, f *config.Field) object {
	t := plainType(f.Type)
	if t == reflect.TypeFor[tlsconfig.Options]() {
		return ref("tls")
	}
	if name := encoderName(t); name != "" {
		return ref("encoder-" + name)
	}
	return s.object(key+".", f.Fields)
}

// list is several of a schema, or one.
func list(item object) object {
	return anyOf(object{"type": "array", "items": item}, item)
}

func encoderName(t reflect.Type) string {
	for name, e := range config.Encoders() {
		if reflect.TypeOf(e) == t {
			return name
		}
	}
	return ""
}

// encoderDefs are the formats: a name, or a mapping with type and options.
func (m *model) encoderDefs(defs object) {
	var names []string
	var cases []any
	for _, e := range m.encoders {
		names = append(names, e.name)
		o := e.object("", e.fields)
		o["properties"].(object)["type"] = object{"const": e.name}
		defs["encoder-"+e.name] = o
		cases = append(cases, object{"if": typeIs(e.name), "then": ref("encoder-" + e.name)})
	}
	defs["encoder"] = choice(names, cases, anyOf(object{"enum": names}, ref("reference")))
}

// choice is a mapping that is told by its type, or else something shorter.
func choice(types []string, cases []any, short object) object {
	return object{
		"if": object{"type": "object"},
		"then": object{
			"type": "object", "required": []string{"type"}, "allOf": cases,
			"properties": object{"type": anyOf(object{"enum": types}, ref("reference"))},
		},
		"else": short,
	}
}

func typeIs(names ...string) object {
	return object{"required": []string{"type"}, "properties": object{"type": object{"enum": names}}}
}

// outputDefs are the destinations. if and then rather than oneOf: an editor then
// speaks of the type that is there and not of all others that it is not.
func (m *model) outputDefs(defs object) {
	var types, urls []string
	var cases []any
	for i := range m.destinations {
		d := &m.destinations[i]
		o := d.object("", d.fields)
		properties := o["properties"].(object)
		properties["type"] = object{"enum": d.schemes, "description": d.doc}
		then := object{"allOf": []any{ref("output-" + d.name()), object{"required": d.required()}}}
		cases = append(cases, object{"if": typeIs(d.schemes...), "then": then})
		if d.url {
			if properties["url"] == nil {
				properties["url"] = ref("url")
			}
			start := "^(" + strings.Join(quoted(d.schemes), "|") + ")(://|[?]|$)"
			isURL := object{"required": []string{"url"}, "not": object{"required": []string{"type"}}, "properties": object{"url": pattern(start)}}
			cases = append(cases, object{"if": isURL, "then": ref("output-" + d.name())})
			urls = append(urls, d.schemes...)
		}
		defs["output-"+d.name()] = o
		types = append(types, d.schemes...)
	}
	slices.Sort(types)
	slices.Sort(urls)
	url := anyOf(pattern("^("+strings.Join(quoted(urls), "|")+")://"), pattern("^(stdout|stderr|journald)([?].*)?$"), ref("reference"))
	url["examples"] = examples()
	defs["url"] = url
	output := choice(types, cases, ref("url"))
	then := output["then"].(object)
	delete(then, "required")
	then["anyOf"] = []any{object{"required": []string{"type"}}, object{"required": []string{"url"}}}
	defs["output"] = output
}

// examples are URLs for an editor to offer.
func examples() []string {
	var all []string
	for _, f := range forms() {
		all = append(all, f.example)
	}
	slices.Sort(all)
	return all
}

// required are the keys that the long form cannot do without.
func (d *destination) required() []string {
	keys := []string{"type"}
	for _, o := range d.options {
		if o.required && !strings.Contains(o.key, ".") {
			keys = append(keys, o.key)
		}
	}
	return keys
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = regexp.QuoteMeta(n)
	}
	return out
}
