package config

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route"
)

// RouteFields are the keys of a route: the fields of [route.Route], of which To
// is called output. There is one more, environment: a name or a list of them; a
// route without it is there in every environment.
func RouteFields() []Field {
	fields := FieldsOf(reflect.TypeFor[route.Route]())
	for i := range fields {
		if fields[i].Go == "To" {
			fields[i].Key = "output"
		}
	}
	return fields
}

// list reads what must be known of all routes before one is decoded.
func (c *Config) list(d *decoder, section *entry) {
	if section.value.Kind != yaml.SequenceNode || len(section.value.Content) == 0 {
		d.want(section.value, section.path, true, "a list of routes, at least one")
		return
	}
	for i, n := range section.value.Content {
		n = follow(n)
		path := section.path + "[" + strconv.Itoa(i) + "]"
		if !d.mapping(n, path, "a mapping with output and other keys of a route") {
			continue
		}
		c.routes = append(c.routes, d.routeNode(n, path))
	}
}

// routeNode reads name, environment and output of a route, which are needed before
// it is known whether the rest of it will ever be decoded.
func (d *decoder) routeNode(n *yaml.Node, path string) *routeNode {
	r := &routeNode{node: n, path: path}
	for _, e := range d.entries(n, path) {
		switch e.name {
		case "name":
			r.name = d.routeName(e)
		case "environment":
			r.namedAt = e.value
			r.environments = d.environmentNames(e)
		case "output":
			r.output = e.value
		}
	}
	if r.output == nil {
		r.output = &yaml.Node{}
		d.fail(n, path, &Error{Problem: "the route has no output", Allowed: "output: " + wantOutput, Err: ErrRequired})
	}
	return r
}

// routeName is a name as route.Validate wants it. It is checked here, since other
// errors list names, and what is none may be anything.
func (d *decoder) routeName(e entry) string {
	const allowed = "1 to 64 of a-z, 0-9 and -"
	name := d.fixed(e.value, e.path, allowed)
	if strings.ContainsFunc(name, notInName) || len(name) > maxName {
		d.want(e.value, e.path, false, allowed)
		return ""
	}
	return name
}

// fixed is a text without references.
func (d *decoder) fixed(n *yaml.Node, key, allowed string) string {
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n) || n.Value == "":
		d.want(n, key, false, allowed)
		return ""
	case strings.Contains(n.Value, "${"):
		d.fail(n, key, &Error{Value: show(n.Value), Problem: "a reference, where the file itself must say it", Allowed: allowed, Err: ErrValue})
		return ""
	}
	return n.Value
}

// environmentNames returns at least one name, since none would be all of them.
func (d *decoder) environmentNames(e entry) []string {
	nodes := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		nodes = e.value.Content
	}
	names := []string{}
	for _, n := range nodes {
		n = follow(n)
		for name := range strings.SplitSeq(d.fixed(n, e.path, wantEnvironment+", or a list of them"), ",") {
			if name = strings.TrimSpace(name); validEnvironment(name) {
				names = append(names, name)
			} else if n.Kind == yaml.ScalarNode && n.Value != "" && !isNull(n) && !strings.Contains(n.Value, "${") {
				d.want(n, e.path, false, wantEnvironment+", or a list of them")
			}
		}
	}
	if len(nodes) == 0 {
		d.want(e.value, e.path, false, "at least one name; without the key, the route is there in every environment")
	}
	return names
}

// decodeRoute decodes a route.
func (d *decoder) decodeRoute(r *routeNode, name string) route.Route {
	out := route.Route{}
	d.fields(d.entries(r.node, r.path), RouteFields(), reflect.ValueOf(&out).Elem(), "environment", "name")
	out.Name = name
	return out
}

// check decodes every route once without what it refers to, and checks the
// routes of each environment against each other.
func (c *Config) check(d *decoder) {
	checker := c.decoder(true)
	decoded := map[*routeNode]route.Route{}
	for _, r := range c.routes {
		decoded[r] = checker.decodeRoute(r, r.name)
	}
	checker.decoded = len(checker.errs)
	for _, name := range c.sortedEnvironments() {
		routes, err := c.environments.Routes(name)
		if err != nil {
			continue // abstract, or what it inherits was said to be wrong
		}
		var nodes []*routeNode
		for i, stub := range routes {
			node := c.find(name, stub.Name)
			nodes = append(nodes, node)
			routes[i] = decoded[node]
			routes[i].Name = stub.Name
		}
		checker.validate(name, routes, nodes)
	}
	d.errs = append(d.errs, checker.errs...)
}

// Routes returns the routes of an environment, with what they refer to looked
// up. Nothing is opened. The error is [Errors]; for an environment that does not
// exist it wraps a *route.UnknownEnvironmentError. Which one it is, the caller
// says.
//
// It may be called again, for a secret that has changed.
func (c *Config) Routes(environment string) ([]route.Route, error) {
	routes, _, err := c.decodeRoutes(environment)
	return routes, err
}

// decodeRoutes also returns the secrets that are in the routes.
func (c *Config) decodeRoutes(environment string) ([]route.Route, []string, error) {
	nodes, names, err := c.chosen(environment)
	if err != nil {
		return nil, nil, err
	}
	d := c.decoder(false)
	routes := make([]route.Route, len(nodes))
	for i, r := range nodes {
		routes[i] = d.decodeRoute(r, names[i])
	}
	if len(d.errs) == 0 {
		d.validate(environment, routes, nodes)
	}
	if err := d.errs.err(); err != nil {
		return nil, nil, err
	}
	return routes, d.secrets, nil
}

// validate notes what route.Validate says of routes, each at its place.
func (d *decoder) validate(environment string, routes []route.Route, nodes []*routeNode) {
	err := route.Validate(routes)
	if err == nil {
		return
	}
	all := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		all = several.Unwrap()
	}
	for _, err := range all {
		bad, ok := errors.AsType[*route.FieldError](err)
		if !ok {
			d.fail(nodes[0].node, "logging.routes", &Error{Problem: err.Error(), Err: err})
			continue
		}
		for i := range routes {
			if routes[i].Name == bad.Route {
				d.invalid(environment, bad, routes, nodes[i])
				break
			}
		}
	}
}

// invalid notes an error of route.Validate. Its own words are in terms of Go, and
// quote what a reference stands for.
func (d *decoder) invalid(environment string, bad *route.FieldError, routes []route.Route, r *routeNode) {
	at, path := r.node, r.path
	for i, word := range strings.Split(bad.Field, ".") {
		key := keyOf(word)
		if word == "To" {
			key = "output"
		}
		found := findEntry(d.entries(at, path), key)
		if found == nil {
			break
		}
		at, path = found.value, found.path
		if i == 0 && d.check && (refers(at) || d.wrong(path)) {
			return // not known yet, or said to be wrong
		}
		if at.Kind != yaml.MappingNode {
			break
		}
	}
	hidden := *bad
	hidden.Value = show(scalarText(at)) // and not what a reference in it stands for
	e := &Error{Value: hidden.Value, Problem: "not valid", Allowed: bad.Allowed, Err: errors.Join(ErrValue, &hidden)}
	switch {
	case bad.Field == "To":
		return // there is none, or it was said to be wrong
	case bad.Field == "DeadLetter":
		var names []string
		for i := range routes {
			if routes[i].Name != bad.Route {
				names = append(names, routes[i].Name)
			}
		}
		if e.Problem = "there is no such route"; environment != anyEnvironment {
			e.Problem += " in the environment " + environment
		}
		e.deadLetter(bad, names)
	}
	d.fail(at, path, e)
}

// wrong reports whether something at or below key could not be decoded: the field
// is zero then, or a part of it, and what that is at odds with is no news.
func (d *decoder) wrong(key string) bool {
	return slices.ContainsFunc(d.errs[:d.decoded], func(e *Error) bool {
		rest, below := strings.CutPrefix(e.Key, key)
		return below && (rest == "" || strings.IndexByte(".[?", rest[0]) >= 0)
	})
}

// deadLetter says more about a name of a route that dead letters cannot go to.
// names are those of the others.
func (e *Error) deadLetter(bad *route.FieldError, names []string) {
	if bad.Value == bad.Route || slices.Contains(names, bad.Value) {
		e.Problem, e.Err = "dead letters go round in a cycle", errors.Join(ErrCycle, e.Err)
		return
	}
	if e.Near = nearest(e.Value, names); len(names) > 0 {
		e.Allowed = oneOf(names)
	}
}
