package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decoder fills in Go values from nodes, and gathers what is wrong instead of
// ending at the first. Nothing it notes holds what a reference stands for.
//
// A file is decoded twice. First, by Parse, all of it, with check set: then
// references have their defaults or no value, no variable and no file is looked
// at, and so the verdict on a file is the same on every machine and in every
// environment. Then, by Routes, the part of the environment that was chosen,
// with all that it refers to.
type decoder struct {
	file     string
	schemes  Schemes
	lookup   func(string) (string, bool)
	readFile func(path string, limit int64) ([]byte, error)
	check    bool
	errs     Errors
	decoded  int      // how many errs there were once all routes were decoded
	secrets  []string // contents of files that references named
}

// fail notes e about n.
func (d *decoder) fail(n *yaml.Node, key string, e *Error) {
	e.File, e.Line, e.Column, e.Key = d.file, n.Line, n.Column, key
	d.errs = append(d.errs, e)
}

// want notes that the value of n is not what is allowed.
func (d *decoder) want(n *yaml.Node, key string, secret bool, allowed string, known ...string) {
	e := &Error{Value: shown(scalarText(n), secret), Problem: "not valid", Allowed: allowed, Err: ErrValue}
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 0:
		e.Problem = "an empty mapping"
	case n.Kind == yaml.MappingNode:
		e.Problem = "a mapping"
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		e.Problem = "an empty list"
	case n.Kind == yaml.SequenceNode:
		e.Problem = "a list"
	case isNull(n):
		e.Value, e.Problem = "", "no value"
	case !secret && strings.Contains(n.Value, "${"):
		e.Problem = "what it refers to is not valid (and is not shown)"
	}
	if !secret && n.Kind == yaml.ScalarNode {
		e.Near = nearest(n.Value, known)
	}
	d.fail(n, key, e)
}

// scalarText is "" for what is no scalar, whose content an error would only
// repeat.
func scalarText(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// isNull reports whether n is YAML's null: "~", "null", or a key with nothing
// behind it, which is the commonest. It never stands for a field's default: who
// writes a key means to say something, and what was to come there is missing.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// follow returns what an alias stands for. inspect has refused those that do not
// end.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entry is one key of a mapping.
type entry struct {
	key, value *yaml.Node
	name, path string
}

// entries returns what is in a mapping, with what "<<" merges into it behind; a
// key of its own goes before a merged one.
func (d *decoder) entries(n *yaml.Node, path string) []entry {
	var es, merged []entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		if key.Value == "<<" && key.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
			merged = append(merged, d.merged(value, path)...)
			continue
		}
		seen[key.Value] = true
		es = append(es, entry{key, value, key.Value, join(path, key.Value)})
	}
	for _, e := range merged {
		if !seen[e.name] {
			seen[e.name] = true
			es = append(es, e)
		}
	}
	return es
}

// merged returns what the value of "<<" brings. Of a list, what comes first wins,
// as entries keeps the first of each name.
func (d *decoder) merged(n *yaml.Node, path string) []entry {
	switch n.Kind {
	case yaml.MappingNode:
		return d.entries(n, path)
	case yaml.SequenceNode:
		var es []entry
		for _, item := range n.Content {
			es = append(es, d.merged(follow(item), path)...)
		}
		return es
	default:
		d.want(n, join(path, "<<"), false, "a mapping, or a list of them")
		return nil
	}
}

// join extends the path of a key, as errors show it. Keys are free text in tables
// and matchers, so they are shown as values are.
func join(path, key string) string {
	if key = show(key); path == "" {
		return key
	}
	return path + "." + key
}

// mapping reports whether n is one, and notes if it isn't.
func (d *decoder) mapping(n *yaml.Node, key, allowed string) bool {
	if n.Kind == yaml.MappingNode {
		return true
	}
	d.want(n, key, false, allowed)
	return false
}

// unknownKey notes a key that nobody knows.
func (d *decoder) unknownKey(e entry, known []string) {
	d.fail(e.key, e.path, &Error{Problem: "unknown key", Allowed: oneOf(known), Near: nearest(e.name, known), Err: ErrUnknownKey})
}

// structure sets the fields of v, a struct, from a mapping. Keys in skip were
// dealt with by the caller.
func (d *decoder) structure(n *yaml.Node, path string, fields []Field, v reflect.Value, skip ...string) {
	if !d.mapping(n, path, "a mapping with "+list(reachableKeys(fields))) {
		return
	}
	d.fields(d.entries(n, path), fields, v, skip...)
}

// fields is structure for entries that are there already. A key of skip is known
// and the caller's, so it is listed among those that are allowed.
func (d *decoder) fields(es []entry, fields []Field, v reflect.Value, skip ...string) {
	for _, e := range es {
		f := find(fields, e.name)
		switch {
		case slices.Contains(skip, e.name):
		case f == nil:
			d.unknownKey(e, union(skip, reachableKeys(fields)))
		case f.Kind == Unreachable:
			d.fail(e.key, e.path, &Error{Problem: "cannot be set from a file: it is " + f.Why, Allowed: "it set by the program", Err: ErrUnknownKey})
		default:
			d.value(e.value, e.path, f, v.Field(f.index))
		}
	}
}

// find returns the field with this key, nil if there is none. Keys are compared
// exactly: a second way to write each would be one more to search a file for.
func find(fields []Field, key string) *Field {
	for i := range fields {
		if fields[i].Key == key {
			return &fields[i]
		}
	}
	return nil
}

// reachableKeys are what errors list as allowed.
func reachableKeys(fields []Field) []string {
	var keys []string
	for _, f := range fields {
		if f.Kind != Unreachable {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

// value sets v, which f describes, from n.
func (d *decoder) value(n *yaml.Node, key string, f *Field, v reflect.Value) {
	n = follow(n)
	if v.Kind() == reflect.Pointer {
		d.pointer(n, key, f, v)
		return
	}
	switch f.Kind {
	case Struct:
		d.structure(n, key, f.Fields, v)
	case List:
		d.list(n, key, f, v)
	case Table:
		d.table(n, key, f, v)
	case Attrs:
		d.attrs(n, key, v)
	case Value:
		if got, ok := d.any(n, key); ok && got != nil {
			v.Set(reflect.ValueOf(got))
		}
	case Encoder:
		d.encoder(n, key, v)
	case Output:
		d.output(n, key, v)
	case Match:
		d.match(n, key, v)
	case Levels:
		d.levels(n, key, v)
	case Safety:
		d.durability(n, key, v)
	default:
		d.scalar(n, key, f, v)
	}
}

// pointer makes what v points to. true stands for a mapping without keys
// ("tls: true"), false for none.
func (d *decoder) pointer(n *yaml.Node, key string, f *Field, v reflect.Value) {
	elem := *f
	elem.Type = f.Type.Elem()
	if f.Kind == Struct && n.Kind == yaml.ScalarNode {
		var on bool
		want := "true, false, or a mapping with " + list(reachableKeys(f.Fields))
		d.scalarAs(n, key, &Field{Kind: Bool, Type: reflect.TypeFor[bool]()}, reflect.ValueOf(&on).Elem(), want)
		if on {
			v.Set(reflect.New(elem.Type))
		}
		return
	}
	if v.IsNil() {
		v.Set(reflect.New(elem.Type)) // else a preset is there, and the keys add to it
	}
	d.value(n, key, &elem, v.Elem())
}

// list sets a slice. One scalar stands for a list of its parts between commas,
// as in a variable; one mapping for a list of it.
func (d *decoder) list(n *yaml.Node, key string, f *Field, v reflect.Value) {
	var nodes []*yaml.Node
	switch {
	case n.Kind == yaml.SequenceNode:
		nodes = n.Content
	case n.Kind == yaml.MappingNode && f.Elem.Kind != Text, f.Elem.Kind == Output && !isNull(n):
		nodes = []*yaml.Node{n}
	case n.Kind == yaml.MappingNode || isNull(n):
		d.want(n, key, f.Secret, "a list")
		return
	default:
		text, known := d.expand(n, key, f.Secret)
		if !known {
			return
		}
		for part := range strings.SplitSeq(text, ",") {
			item := *n
			item.Value = strings.ReplaceAll(strings.TrimSpace(part), "${", "$${") // it was replaced once
			nodes = append(nodes, &item)
		}
	}
	all := reflect.MakeSlice(f.Type, len(nodes), len(nodes))
	for i, item := range nodes {
		d.value(item, key+"["+strconv.Itoa(i)+"]", f.Elem, all.Index(i))
	}
	v.Set(all)
}

// table sets a map with keys of the file's own.
func (d *decoder) table(n *yaml.Node, key string, f *Field, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.want(n, key, f.Secret, "a mapping of names to values")
		return
	}
	all := reflect.MakeMapWithSize(f.Type, len(n.Content)/2)
	for _, e := range d.entries(n, key) {
		elem := *f.Elem
		elem.Secret = f.Secret || isSecret(strings.ToLower(e.name))
		item := reflect.New(f.Type.Elem()).Elem()
		d.value(e.value, e.path, &elem, item)
		all.SetMapIndex(reflect.ValueOf(e.name).Convert(f.Type.Key()), item)
	}
	v.Set(all)
}

// badNumber is for what a number's type cannot hold.
func badNumber(bits int) string { return fmt.Sprintf("a whole number that fits into %d bits", bits) }
