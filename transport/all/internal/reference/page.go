package main

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// model is all that the page and the schema are made of.
type model struct {
	logging, buffer, environment, route *section
	destinations                        []destination
	encoders                            []encoder
	tls                                 *section
}

// destination is a type with the schemes that fill it in.
type destination struct {
	*section
	schemes []string
	presets map[string][]string // by scheme: what its name alone sets
	url     bool
}

func (d *destination) name() string { return typeName(d.typ) }

// encoder is a format.
type encoder struct {
	*section
	name string
}

// typeName is what the page calls a destination's type: its package, and for the
// groups, of which one has several, the type.
func typeName(t reflect.Type) string {
	if t.Name() == "Destination" {
		return t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	}
	return strings.ToLower(t.Name())
}

// newModel reads everything.
func newModel(root string, schemes config.Schemes) (*model, error) {
	s := &source{root: root, dirs: map[string]*comments{}}
	m := &model{}
	sections := shared{reflect.TypeFor[tlsconfig.Options](): "TLS"}
	for name, e := range config.Encoders() {
		sections[reflect.TypeOf(e)] = "Encoder " + name
	}
	var err error
	keep := func(sec *section, e error) *section {
		err = errors.Join(err, e)
		return sec
	}
	m.logging = keep(s.fields(reflect.TypeFor[handler.Options](), config.OptionFields(), sections))
	m.buffer = keep(s.fields(reflect.TypeFor[handler.Options](), config.BufferFields(), sections))
	m.environment = keep(s.fields(reflect.TypeFor[route.Environment](), config.EnvironmentFields(), sections))
	m.route = keep(s.fields(reflect.TypeFor[route.Route](), config.RouteFields(), sections))
	m.tls = keep(s.describe(reflect.TypeFor[tlsconfig.Options](), nil))
	byType := map[reflect.Type]*destination{}
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		d := byType[schemes[name].Type()]
		if d == nil {
			d = &destination{section: keep(s.describe(schemes[name].Type(), sections)), presets: map[string][]string{}}
			byType[schemes[name].Type()] = d
		}
		d.schemes = append(d.schemes, name)
		d.presets[name] = presets(schemes[name])
		d.url = d.url || schemes[name].HasURL()
	}
	for _, d := range byType {
		m.destinations = append(m.destinations, *d)
	}
	encoders := config.Encoders()
	for _, name := range slices.Sorted(maps.Keys(encoders)) {
		m.encoders = append(m.encoders, encoder{keep(s.describe(reflect.TypeOf(encoders[name]), nil)), name})
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(m.destinations, func(a, b destination) int { return strings.Compare(a.name(), b.name()) })
	return m, nil
}

// fields describes a struct that has other fields than its type: what package
// config takes of it.
func (s *source) fields(t reflect.Type, fields []config.Field, sections shared) (*section, error) {
	sec := &section{typ: t, fields: fields}
	// The handler's fields are elsewhere in a file than in Go.
	return sec, s.collect(sec, "", "", t, fields, sections, words{
		"Dir": "buffer.dir", "MaxDisk": "buffer.max_disk", "Options.Levels": "logging.level", "handler.Options.Trace": "handler.Options.Trace",
	})
}

// page is route/config/REFERENCE.md.
func (m *model) page() string {
	w := &writer{}
	w.WriteString("<!-- Made by go generate in transport/all, from the doc comments of the Go types. Do not edit. -->\n\n")
	w.WriteString(pageHead)
	m.file(w)
	w.WriteString(pageValues)
	m.outputs(w)
	m.formats(w)
	return strings.TrimRight(w.String(), "\n") + "\n"
}

func (m *model) file(w *writer) {
	w.heading(2, "The file")
	w.para("Keys of `logging`:")
	w.table("key", "value", "default", "meaning")
	for _, o := range fileKeys {
		w.row("`"+o.key+"`", o.form, o.fallback, o.meaning)
	}
	for _, o := range m.logging.options {
		if !slices.ContainsFunc(fileKeys, func(k option) bool { return k.key == o.key }) {
			w.row("`"+o.key+"`", o.form, o.fallback, o.meaning)
		}
	}
	w.WriteString("\n")
	w.closed(m.logging)
	w.heading(3, "buffer")
	w.para("Keys of `logging.buffer`, where records wait on disk. Without the key they wait in memory, which is said once, when the file is opened.")
	m.buffer.options[0].fallback = "the state directory of `resource.service`" // dir: what config makes of its absence
	w.options(m.buffer)
	w.heading(3, "sealing")
	w.para("Keys of `logging.sealing`:")
	w.table("key", "value", "default", "meaning")
	for _, o := range sealingKeys {
		w.row("`"+o.key+"`", o.form, o.fallback, o.meaning)
	}
	w.WriteString("\n")
	w.heading(3, "environments")
	w.para("Keys of each environment below `logging.environments`. Without that key the environments are those that routes name.")
	w.options(m.environment)
	w.heading(3, "routes")
	w.para("Keys of each of `logging.routes`:")
	w.table("key", "value", "default", "meaning")
	for _, o := range append(slices.Clone(routeKeys), m.route.options...) {
		fallback := o.fallback
		if o.required {
			fallback = "required"
		}
		if o.key == "name" {
			fallback = "made of environment, scheme, host and path, never of the place in the list"
		}
		w.row("`"+o.key+"`", o.form, fallback, o.meaning)
	}
	w.WriteString("\n")
}

func (m *model) outputs(w *writer) {
	w.heading(2, "Outputs")
	w.WriteString(outputsText)
	w.table("type", "URL", "example", "sets", "")
	all := forms()
	for _, d := range m.destinations {
		for _, name := range d.schemes {
			f := all[name]
			sets := code(d.presets[name]...)
			link := "[`" + name + "`](#" + anchor(d.name()) + ")"
			if f.pattern == "" {
				w.row(link, "none", "", sets, f.note)
				continue
			}
			w.row(link, "`"+f.pattern+"`", "`"+f.example+"`", sets, f.note)
		}
	}
	w.WriteString("\n")
	for _, d := range m.destinations {
		w.heading(3, d.name())
		w.para("%s", upper(strings.TrimPrefix(d.doc, "Destination is "))+" Types: "+code(d.schemes...)+". Package [`"+short(d.typ)+"`](../../"+short(d.typ)+").")
		w.options(d.section)
	}
	w.heading(3, "TLS")
	w.para("How TLS is spoken. `tls: true` is all defaults, which are safe, as is every type that ends in \"+tls\" or \"s\".")
	w.options(m.tls)
}

func (m *model) formats(w *writer) {
	w.heading(2, "Encoders")
	w.para("An encoder is named (`encoder: ecs`), or a mapping with its `type` and options (`encoder: {type: json, time: unix_milli}`). The destinations [journald](#journald) and [lumberjack](#lumberjack) have one format alone, whose options stand without a `type`; so do those of any encoder in a URL: `?encoder=gelf`. ")
	for _, e := range m.encoders {
		w.heading(3, "Encoder "+e.name)
		w.para("%s", strings.Replace(e.doc, e.typ.Name()+" writes", "Writes", 1))
		w.options(e.section)
	}
}

// presets are the fields that a scheme sets by its name: "syslog+udp" is a
// syslog with network: udp.
func presets(s config.Scheme) []string {
	made := reflect.ValueOf(s.Default())
	var set []string
	for _, f := range s.Fields() {
		v := made.FieldByName(f.Go)
		switch {
		case v.IsZero() || f.Kind == config.Unreachable:
		case f.Kind == config.Struct:
			set = append(set, f.Key+": true")
		default:
			set = append(set, fmt.Sprintf("%s: %v", f.Key, v))
		}
	}
	return set
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// short is the folder of a type's package.
func short(t reflect.Type) string { return strings.TrimPrefix(t.PkgPath(), module+"/") }

// closed lists what a file can't set.
func (w *writer) closed(s *section) {
	if len(s.closed) == 0 {
		return
	}
	w.para("Not from a file, but from the program (`Config.HandlerOptions`):")
	for _, o := range s.closed {
		fmt.Fprintf(w, "- `%s` is %s. Default: %s.\n", o.goName, o.why, cell(o.fallback))
	}
	w.WriteString("\n")
}
