package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/slogship/slogship/route/config"
)

// option is one line of the reference: a key and all there is to say of it.
type option struct {
	key      string // dotted within structs, "[]" behind a list
	form     string // what may stand there, with its unit
	fallback string
	meaning  string
	required bool
	why      string // not "": a file can't set it
	goName   string
}

// section describes one struct.
type section struct {
	typ     reflect.Type
	doc     string // what the type is for: the first paragraph of its comment
	fields  []config.Field
	options []option
	closed  []option // what a file can't set
}

// option returns what there is to say of a key.
func (s *section) option(key string) option {
	for _, o := range s.options {
		if o.key == key {
			return o
		}
	}
	return option{}
}

// shared are structs with a section of their own, which others refer to.
type shared map[reflect.Type]string

// describe makes a section of a struct. An option whose comment does not say what
// its default is, is an error: the comment has to be mended.
func (s *source) describe(t reflect.Type, sections shared) (*section, error) {
	doc, err := s.typeDoc(t)
	if err != nil {
		return nil, err
	}
	fields := config.FieldsOf(t)
	sec := &section{typ: t, fields: fields}
	w, err := s.newWords(fields, words{})
	if err != nil {
		return nil, err
	}
	if ps := paragraphs(doc); len(ps) > 0 {
		sec.doc = w.translate(ps[0])
	}
	return sec, s.collect(sec, "", "", t, fields, sections, words{})
}

// collect adds the fields of t, those of structs within it below their keys.
func (s *source) collect(sec *section, prefix, goPrefix string, t reflect.Type, fields []config.Field, sections shared, outer words) error {
	w, err := s.newWords(fields, outer)
	if err != nil {
		return err
	}
	var errs []error // all of them: who mends comments wants the list
	for i := range fields {
		f := &fields[i]
		o, err := s.option(t, f, w, sections)
		errs = append(errs, err)
		o.key, o.goName = prefix+o.key, goPrefix+o.goName
		if o.why != "" {
			sec.closed = append(sec.closed, o)
			continue
		}
		sec.options = append(sec.options, o)
		inner, suffix := f, "."
		if f.Elem != nil {
			inner, suffix = f.Elem, "[]."
		}
		if inner.Kind != config.Struct || sections[plainType(inner.Type)] != "" {
			continue
		}
		errs = append(errs, s.collect(sec, o.key+suffix, o.goName+suffix, plainType(inner.Type), inner.Fields, sections, w))
	}
	return errors.Join(errs...)
}

func (s *source) option(t reflect.Type, f *config.Field, w words, sections shared) (option, error) {
	doc, err := s.fieldDoc(t, f.Go)
	if err != nil {
		return option{}, err
	}
	p := takeApart(doc)
	if p.meaning == "" {
		p.meaning, err = s.ofType(f.Type)
		if err != nil {
			return option{}, err
		}
	}
	o := option{key: f.Key, goName: f.Go, why: f.Why, required: p.required, form: form(f, sections), meaning: w.translate(p.meaning)}
	switch {
	case f.Kind == config.Bool && p.fallback == "":
		o.fallback = "false"
	case f.Kind == config.Bool && p.fallback != "false":
		o.fallback = "false: " + w.value(p.fallback)
	case p.fallback == "" && f.Kind == config.Struct && f.Type.Kind() == reflect.Struct:
		o.fallback = "as below"
	case p.fallback == "":
		return o, fmt.Errorf("%v.%s: its comment does not say what its default is", t, f.Go)
	case f.Kind == config.Name:
		o.fallback = w.translate(p.fallback) // one that begins with its value's name
	default:
		o.fallback = w.value(p.fallback)
	}
	return o, nil
}

// ofType is what the comment of a field's type says, for fields with nothing but
// a default behind them.
func (s *source) ofType(t reflect.Type) (string, error) {
	t = plainType(t)
	if !strings.HasPrefix(t.PkgPath(), module) {
		return "", nil
	}
	doc, err := s.typeDoc(t)
	if ps := paragraphs(doc); len(ps) > 0 {
		return strings.TrimPrefix(strings.TrimPrefix(sentences(ps[0])[0], t.Name()+" "), "is "), err
	}
	return "", err
}

func plainType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// form is what may stand at a key, as the page calls it.
func form(f *config.Field, sections shared) string {
	switch f.Kind {
	case config.Unreachable:
		return f.Why
	case config.Name:
		return "one of " + code(f.Values...)
	case config.List:
		return "list of " + form(f.Elem, sections)
	case config.Table:
		return "names with " + form(f.Elem, sections)
	case config.Struct:
		if at := sections[plainType(f.Type)]; at != "" {
			return "[" + at + "](#" + anchor(at) + ")"
		}
		return "mapping, below"
	default:
		if at := kindForms[f.Kind]; at != "" {
			return at
		}
		return f.Kind.String()
	}
}

// kindForms are the kinds whose name alone says too little. Never written to.
var kindForms = map[config.Kind]string{
	config.Bool:     "`true` or `false`",
	config.Integer:  "whole number",
	config.Safety:   "`process`, `power` or `interval(1s)`",
	config.FileMode: "octal permissions",
	config.Encoder:  "[encoder](#encoders)",
	config.Output:   "[output](#outputs)",
	config.Match:    "[matcher](#matchers)",
	config.Levels:   "[levels](#values)",
	config.Level:    "[level](#values)",
	config.Size:     "[size](#values)",
	config.Duration: "[duration](#values)",
	config.Attrs:    "attributes",
	config.Value:    "any value",
}

func code(names ...string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "`" + n + "`"
	}
	return strings.Join(quoted, ", ")
}

// anchor is the id that GitHub, GitLab and pkgsite give a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}
