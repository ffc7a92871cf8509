package config

import (
	"errors"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route"
)

// MatchKeys are the keys of a matcher that are no attributes. An attribute that
// is called like one of them is written below "attributes".
func MatchKeys() []string {
	return []string{"all", "any", "not", "message", "scope", "group", "package", "sampled", "attributes"}
}

// ConditionKeys are the keys of what an attribute, or the message, is compared
// with.
func ConditionKeys() []string {
	return []string{"equals", "in", "min", "max", "regexp", "exists", "not"}
}

// match sets a matcher:
//
//	match: {tenant: eu}                          # the attribute is "eu"
//	match: {tenant: [eu, us], http.status: {min: 500}}   # both
//	match: {any: [{scope: db}, {message: timeout}], not: {sampled: true}}
//
// All keys of one mapping have to agree.
func (d *decoder) match(n *yaml.Node, key string, v reflect.Value) {
	if m := d.matcher(n, key); m != nil {
		v.Set(reflect.ValueOf(m))
	}
}

// matcher returns nil where something was wrong or is not known yet.
func (d *decoder) matcher(n *yaml.Node, key string) route.Matcher {
	n = follow(n)
	const allowed = "a mapping of attributes to values, with any, all, not, message, scope, group, package, sampled"
	if !d.mapping(n, key, allowed) {
		return nil
	}
	es := d.entries(n, key)
	if len(es) == 0 { // "<<" may have brought none
		d.want(n, key, false, allowed+"; none would take every record")
		return nil
	}
	var all []route.Matcher
	for _, e := range es {
		all = append(all, d.part(e))
	}
	return join1(all, route.All)
}

// join1 is how several matchers become one; nil if one of them is.
func join1(ms []route.Matcher, how func(...route.Matcher) route.Matcher) route.Matcher {
	for _, m := range ms {
		if m == nil {
			return nil
		}
	}
	if len(ms) == 1 {
		return ms[0]
	}
	return how(ms...)
}

// part is the matcher of one key.
func (d *decoder) part(e entry) route.Matcher {
	switch e.name {
	case "all", "any":
		return d.several(e)
	case "not":
		if m := d.matcher(e.value, e.path); m != nil {
			return route.Not(m)
		}
		return nil
	case "message":
		return d.message(e)
	case "scope":
		return d.oneOf(e, route.Scope)
	case "group":
		return d.oneOf(e, route.Group)
	case "package":
		return d.oneOf(e, route.Package)
	case "sampled":
		return d.sampled(e)
	case "attributes":
		return d.attributes(e)
	default:
		return d.condition(e, e.name)
	}
}

// several is a list of matchers. An empty one is an error, since all of none is
// everything, any of none nothing, and neither is what somebody wanted.
func (d *decoder) several(e entry) route.Matcher {
	if e.value.Kind != yaml.SequenceNode || len(e.value.Content) == 0 {
		d.want(e.value, e.path, false, "a list of matchers, at least one")
		return nil
	}
	var ms []route.Matcher
	for i, item := range e.value.Content {
		ms = append(ms, d.matcher(item, e.path+"["+strconv.Itoa(i)+"]"))
	}
	if e.name == "any" {
		return join1(ms, route.Any)
	}
	return join1(ms, route.All)
}

// attributes are conditions whatever their names.
func (d *decoder) attributes(e entry) route.Matcher {
	if !d.mapping(e.value, e.path, "a mapping of attributes to values") {
		return nil
	}
	var ms []route.Matcher
	for _, a := range d.entries(e.value, e.path) {
		ms = append(ms, d.condition(a, a.name))
	}
	if len(ms) == 0 {
		d.want(e.value, e.path, false, "at least one attribute")
		return nil
	}
	return join1(ms, route.All)
}

// message is a text that the message contains, or {regexp: …}.
func (d *decoder) message(e entry) route.Matcher {
	if e.value.Kind != yaml.MappingNode {
		return d.oneOf(e, route.Message)
	}
	var c struct{ Regexp string }
	count := len(d.errs)
	d.structure(e.value, e.path, FieldsOf(reflect.TypeOf(c)), reflect.ValueOf(&c).Elem())
	if len(d.errs) > count {
		return nil
	}
	if re := d.regexp(e.value, e.path, c.Regexp); re != nil {
		return route.MessageRegexp(re)
	}
	return nil
}

// oneOf is a name or a list of them, one of which has to fit.
func (d *decoder) oneOf(e entry, matcher func(string) route.Matcher) route.Matcher {
	nodes := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		nodes = e.value.Content
	}
	var ms []route.Matcher
	for _, n := range nodes {
		n = follow(n)
		if n.Kind != yaml.ScalarNode || isNull(n) || n.Value == "" {
			d.want(n, e.path, false, "a text, or a list of them")
			return nil
		}
		text, known := d.expand(n, e.path, false)
		if !known {
			return nil
		}
		ms = append(ms, matcher(text))
	}
	if len(ms) == 0 {
		d.want(e.value, e.path, false, "a text, or a list of them, at least one")
		return nil
	}
	return join1(ms, route.Any)
}

// sampled is about the trace. false is the opposite and not "no matter", which is
// what leaving the key out says.
func (d *decoder) sampled(e entry) route.Matcher {
	var on bool
	count := len(d.errs)
	d.scalar(e.value, e.path, &Field{Kind: Bool, Type: reflect.TypeFor[bool]()}, reflect.ValueOf(&on).Elem())
	switch {
	case len(d.errs) > count:
		return nil
	case on:
		return route.Sampled()
	default:
		return route.Not(route.Sampled())
	}
}

// condition is what an attribute is compared with: a value, a list of values one
// of which it has to be, or a mapping.
func (d *decoder) condition(e entry, path string) route.Matcher {
	if e.value.Kind != yaml.MappingNode {
		return d.equals(e.value, e.path, path)
	}
	es := d.entries(e.value, e.path)
	if len(es) == 0 {
		d.want(e.value, e.path, false, "one or several of "+list(ConditionKeys()))
		return nil
	}
	var ms []route.Matcher
	var least, most any
	bounded, failed := false, false
	for _, c := range es {
		switch c.name {
		case "min", "max":
			bound, ok := d.bound(c)
			if c.name == "min" {
				least = bound
			} else {
				most = bound
			}
			bounded, failed = true, failed || !ok
		default:
			ms = append(ms, d.compare(c, path))
		}
	}
	if bounded && !failed {
		ms = append(ms, route.Range(path, least, most))
	}
	if failed {
		return nil
	}
	return join1(ms, route.All)
}

// compare is one key of a condition. nil means that it was wrong, or is not known
// in a check.
func (d *decoder) compare(c entry, path string) route.Matcher {
	switch c.name {
	case "equals", "in":
		return d.equals(c.value, c.path, path)
	case "regexp":
		if c.value.Kind != yaml.ScalarNode || isNull(c.value) {
			d.want(c.value, c.path, false, "a regular expression")
			return nil
		}
		text, known := d.expand(c.value, c.path, false)
		if !known {
			return nil
		}
		if re := d.regexp(c.value, c.path, text); re != nil {
			return route.Regexp(path, re)
		}
	case "exists":
		var is bool
		count := len(d.errs)
		d.scalar(c.value, c.path, &Field{Kind: Bool, Type: reflect.TypeFor[bool]()}, reflect.ValueOf(&is).Elem())
		if is {
			return route.Exists(path)
		} else if len(d.errs) == count {
			return route.Not(route.Exists(path))
		}
	case "not":
		if m := d.condition(c, path); m != nil {
			return route.Not(m)
		}
	default:
		d.unknownKey(c, ConditionKeys())
	}
	return nil
}

// equals is one value or several, of which the attribute has to be one. Null is
// refused: whether an attribute that is not there equals it, everybody would
// answer otherwise, and exists says it.
func (d *decoder) equals(n *yaml.Node, key, path string) route.Matcher {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	var values []any
	for _, item := range nodes {
		item = follow(item)
		if item.Kind != yaml.ScalarNode || isNull(item) {
			d.want(item, key, false, "a text, a number, true or false")
			return nil
		}
		value, known := d.any(item, key)
		if !known {
			return nil
		}
		values = append(values, value)
	}
	if len(values) == 0 {
		d.want(n, key, false, "at least one value")
		return nil
	}
	return route.Equals(path, values...)
}

// bound is an end of a range: a number, a duration or a text.
func (d *decoder) bound(c entry) (any, bool) {
	if c.value.Kind != yaml.ScalarNode || isNull(c.value) {
		d.want(c.value, c.path, false, "a number, a duration or a text")
		return nil, false
	}
	value, known := d.any(c.value, c.path)
	if text, ok := value.(string); ok {
		if duration, ok := parseDuration(text); ok {
			value = duration
		}
	}
	return value, known
}

// regexp compiles text, which n stands for. Only what is wrong with it is quoted
// from package regexp's error.
func (d *decoder) regexp(n *yaml.Node, key, text string) *regexp.Regexp {
	// Its own limit on what a program of it may take bounds repeats of repeats.
	re, err := regexp.Compile(text)
	e := &Error{Value: show(scalarText(n)), Allowed: "a regular expression as Go's package regexp reads it, at most 1 KiB", Err: ErrValue}
	if se, ok := errors.AsType[*syntax.Error](err); ok {
		e.Problem = "not a regular expression: " + se.Code.String() // and not its text, which a reference may stand for
		d.fail(n, key, e)
		return nil
	}
	if err != nil || len(text) > 1<<10 {
		d.fail(n, key, e)
		return nil
	}
	return re
}
