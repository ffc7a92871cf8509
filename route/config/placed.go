package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/route"
)

// placed returns an error of handler.New with the lines of the routes that it is
// about, and without secrets from files, which are in it where one stands for
// what a destination shows, as a path. What came from variables may be shown:
// what directory could not be made is what a person needs to know.
func (c *Config) placed(environment string, err error, secrets []string) error {
	nodes, names, unknown := c.chosen(environment)
	all := []error{err}
	secrets = append(secrets, c.secrets...)
	if several, ok := err.(interface{ Unwrap() []error }); ok && unknown == nil {
		all = several.Unwrap()
	}
	var errs Errors
	for _, err := range all {
		if re, ok := errors.AsType[*handler.RouteError](err); ok {
			if i := slices.Index(names, re.Route); i >= 0 {
				errs = append(errs, c.ofRoute(environment, re, nodes[i], secrets)...)
				continue
			}
		}
		errs = append(errs, c.opaque(err, secrets))
	}
	return errs.err()
}

// opaque is an error whose place is not known.
func (c *Config) opaque(err error, secrets []string) *Error {
	e := &Error{File: c.file, Err: without(err, secrets)}
	e.Problem = strings.ReplaceAll(e.Err.Error(), "\n", "; ")
	return e
}

// ofRoute returns the errors of one route. There are several where members of a
// group are wrong, each of which has a place of its own.
func (c *Config) ofRoute(environment string, re *handler.RouteError, r *routeNode, secrets []string) Errors {
	if at := c.field(environment, re, r); at != nil {
		at.Err = errors.Join(at.Err, without(re, secrets))
		return Errors{at}
	}
	var errs Errors
	for _, fault := range faults(re.Err) {
		e := c.opaque(&handler.RouteError{Route: re.Route, Err: fault.err}, secrets)
		e.Key, e.Line, e.Column = r.path, r.node.Line, r.node.Column
		if len(fault.fields) > 0 {
			r.place(e, fault.fields)
		}
		errs = append(errs, e)
	}
	return errs
}

// field returns the error of one field of a route, which only an open transport
// could be asked about, at its key; nil if err is about none.
func (c *Config) field(environment string, err error, r *routeNode) *Error {
	bad, ok := errors.AsType[*route.FieldError](err)
	if !ok {
		return nil
	}
	d := c.decoder(false)
	if d.invalid(environment, bad, nil, r); len(d.errs) == 0 {
		return nil
	}
	return d.errs[0]
}

// without returns err, or if it shows a secret an error with the rest of its text.
func without(err error, secrets []string) error {
	text := hide(err.Error(), secrets)
	if text == err.Error() {
		return err
	}
	if re, ok := errors.AsType[*handler.RouteError](err); ok {
		prefix := (&handler.RouteError{Route: re.Route, Err: errors.New("")}).Error()
		return &handler.RouteError{Route: re.Route, Err: errors.New(strings.TrimPrefix(text, prefix))}
	}
	return errors.New(text)
}

// fault is one thing that is wrong with a destination, and the way to it in terms
// of Go: Members[1], Members[0], TLS.CAFile.
type fault struct {
	err    error
	fields []string
}

// faults takes the error of a destination's Open apart, by the members of groups
// that it is about. What is about no member stays one: how other errors are joined
// is their own affair.
func faults(err error) []fault {
	if m, ok := err.(*option.MemberError); ok {
		inner := faults(m.Err)
		for i := range inner {
			inner[i].err = m.With(inner[i].err)
			inner[i].fields = slices.Insert(inner[i].fields, 0, m.Field)
		}
		return inner
	}
	if _, grouped := errors.AsType[*option.MemberError](err); grouped {
		if one, ok := err.(interface{ Unwrap() error }); ok && one.Unwrap() != nil {
			return faults(one.Unwrap())
		}
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			var all []fault
			for _, err := range several.Unwrap() {
				all = append(all, faults(err)...)
			}
			return all
		}
	}
	if bad, ok := errors.AsType[*option.FieldError](err); ok {
		return []fault{{err, []string{bad.Field}}}
	}
	return []fault{{err: err}}
}

// place lets e name the key of a field of the route's destination, and where it
// is: of the last one on the way that the file has.
func (r *routeNode) place(e *Error, fields []string) {
	at := follow(r.output)
	e.Key, e.Line, e.Column = r.path+".output", at.Line, at.Column
	for _, field := range fields {
		for part := range strings.SplitSeq(field, ".") {
			name, index, listed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
			if strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
				return // "CertFile and KeyFile" are two
			}
			e.Key += "." + keyOf(name)
			if at != nil {
				at = below(at, keyOf(name))
			}
			if listed {
				e.Key += "[" + index + "]"
				at = item(at, index)
			}
			if at != nil {
				e.Line, e.Column = at.Line, at.Column
			}
		}
	}
}

// below returns the value of a key of a mapping, which may be a merged one; nil:
// there is none, and what is below it is nowhere either.
func below(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	if e := findEntry((&decoder{}).entries(n, ""), key); e != nil {
		return e.value
	}
	return nil
}

// item returns an item of a list. One that is the only one may stand without the
// list.
func item(n *yaml.Node, index string) *yaml.Node {
	i, err := strconv.Atoi(index)
	switch {
	case n == nil || err != nil || i < 0:
		return nil
	case n.Kind != yaml.SequenceNode && i == 0:
		return n
	case n.Kind == yaml.SequenceNode && i < len(n.Content):
		return follow(n.Content[i])
	}
	return nil
}
