package config

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

const wantOutput = "a URL such as tcp://host:5170, or a mapping with its type and fields"

// output sets a destination: a URL, or a mapping with a type, or a mapping with
// the URL and what has no room in it.
func (d *decoder) output(n *yaml.Node, key string, v reflect.Value) {
	switch {
	case n.Kind == yaml.MappingNode:
		d.long(n, key, v)
	case n.Kind == yaml.ScalarNode && !isNull(n):
		if dest, ok := d.short(n, key); ok {
			v.Set(dest.Elem())
		}
	default:
		d.want(n, key, true, wantOutput)
	}
}

// long is the form with a mapping.
func (d *decoder) long(n *yaml.Node, key string, v reflect.Value) {
	es := d.entries(n, key)
	typ, link := findEntry(es, "type"), findEntry(es, "url")
	switch {
	case typ != nil:
		if s, ok := d.typed(typ); ok {
			dest := s.blank()
			d.fields(es, s.Fields(), dest.Elem(), "type")
			v.Set(dest.Elem())
		}
	case link == nil:
		d.fail(n, key, &Error{Problem: "neither type nor url", Allowed: "a url, or type: " + d.schemeNames(), Err: ErrRequired})
	case link.value.Kind != yaml.ScalarNode || isNull(link.value):
		d.want(link.value, link.path, true, "a URL such as tcp://host:5170")
	default:
		if dest, ok := d.short(link.value, link.path); ok {
			d.fields(es, FieldsOf(dest.Elem().Type()), dest.Elem(), "url")
			v.Set(dest.Elem())
		}
	}
}

// findEntry returns the entry of this name, nil if there is none. It looks among
// merged keys as well, where a walk over the node would not.
func findEntry(es []entry, name string) *entry {
	for i := range es {
		if es[i].name == name {
			return &es[i]
		}
	}
	return nil
}

// typed returns the scheme that the type of a mapping names.
func (d *decoder) typed(typ *entry) (Scheme, bool) {
	if typ.value.Kind != yaml.ScalarNode || isNull(typ.value) {
		d.want(typ.value, typ.path, true, d.schemeNames())
		return Scheme{}, false
	}
	name, ok := d.expand(typ.value, typ.path, false)
	if !ok {
		return Scheme{}, false
	}
	s, ok := d.schemes[name]
	if !ok {
		d.want(typ.value, typ.path, false, d.schemeNames(), sortedKeys(d.schemes)...)
	}
	return s, ok
}

// schemeNames are what is allowed for a scheme or a type.
func (d *decoder) schemeNames() string {
	if len(d.schemes) == 0 {
		return "any, once the program names some in Options.Schemes: it has none"
	}
	return oneOf(sortedKeys(d.schemes))
}
