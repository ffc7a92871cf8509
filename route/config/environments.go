package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route"
)

// anyEnvironment has the routes of a file that names no environment. No file can
// name it: it is no name.
const anyEnvironment = ""

// environmentKeys are what the file says of an environment below "environments".
type environmentKeys struct {
	Inherits string
	Without  []string
	Abstract bool
}

// routeNode is a route that is not decoded yet.
type routeNode struct {
	node         *yaml.Node
	path         string // "logging.routes[1]"
	name         string // as the file has it; "" if it has none
	output       *yaml.Node
	environments []string // nil: all
	namedAt      *yaml.Node
}

// declare reads the section environments, which may be missing: then those exist
// that routes name. It reports whether it names any.
func (c *Config) declare(d *decoder, section *entry) (declared bool) {
	c.environments, c.declared = route.Environments{}, map[string]*yaml.Node{}
	if section == nil {
		return false
	}
	if !d.mapping(section.value, section.path, "a mapping of environments, each with inherits, without, abstract, or {}") {
		return false
	}
	for _, e := range d.entries(section.value, section.path) {
		if !validEnvironment(e.name) {
			d.fail(e.key, e.path, &Error{Value: show(e.name), Problem: "not a name", Allowed: wantEnvironment, Err: ErrValue})
			continue
		}
		var keys environmentKeys
		switch {
		case refers(e.value):
			d.fail(e.value, e.path, &Error{Problem: "a reference, where the file itself must say it", Allowed: "names of environments and routes", Err: ErrValue})
		case !isNull(e.value): // "production:" has nothing to say
			d.decodeKeys(e.value, e.path, &keys)
		}
		c.declared[e.name] = e.value
		c.environments[e.name] = route.Environment{Inherits: keys.Inherits, Without: keys.Without, Abstract: keys.Abstract}
	}
	return len(c.environments) > 0
}

const wantEnvironment = "a name of letters, digits, and . _ - /"

// validEnvironment allows what names of environments look like ("prod/eu-1") and
// nothing that would have to be quoted in an error or a shell.
func validEnvironment(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return r < '-' || r > 'z' || r > '9' && r < 'A' || r > 'Z' && r < 'a' && r != '_'
	})
}

// assemble gives every environment its routes and their names, and finds names
// that two have. Each route stands for itself by its name alone.
func (c *Config) assemble(d *decoder, declared bool) {
	if !declared {
		for _, r := range c.routes {
			for _, name := range r.environments {
				c.environments[name] = route.Environment{}
			}
		}
		if len(c.environments) == 0 {
			c.environments[anyEnvironment] = route.Environment{}
		}
	}
	c.byName = map[string]map[string]*routeNode{}
	known := c.sortedEnvironments()
	for _, r := range c.routes {
		for _, name := range r.environments {
			if _, ok := c.environments[name]; !ok {
				d.fail(r.namedAt, r.path+".environment", &Error{Value: show(name), Problem: "unknown environment",
					Allowed: oneOf(known), Near: nearest(name, known), Err: ErrValue})
			}
		}
	}
	for _, name := range known {
		c.populate(d, name)
	}
	for _, name := range known {
		c.resolves(d, name)
	}
}

// sortedEnvironments are all of them, the abstract ones too. In order, so that the
// same file has the same errors each time.
func (c *Config) sortedEnvironments() []string { return sortedKeys(c.environments) }

// populate puts into an environment what names it, and into one that inherits
// nothing what names none: its heirs get those from it.
func (c *Config) populate(d *decoder, name string) {
	env := c.environments[name]
	nodes := map[string]*routeNode{}
	for _, r := range c.routes {
		prefix := name
		if r.environments == nil {
			if env.Inherits != "" {
				continue
			}
			prefix = ""
		} else if !slices.Contains(r.environments, name) {
			continue
		}
		routed := r.name
		if routed == "" {
			routed = d.nameFor(prefix, r.output)
		}
		if routed == "" {
			if r.output.Kind == yaml.MappingNode { // else the output is wrong, and said to be
				d.fail(r.node, r.path, &Error{Problem: "no name can be made from its output", Allowed: "name: …", Err: ErrRequired})
			}
			continue
		}
		if other := nodes[routed]; other != nil {
			d.collision(r, other, routed, name)
			continue
		}
		nodes[routed] = r
		env.Routes = append(env.Routes, route.Route{Name: routed})
	}
	c.environments[name] = env
	c.byName[name] = nodes
}

// collision notes that two routes of an environment have one name.
func (d *decoder) collision(r, other *routeNode, name, environment string) {
	e := &Error{Value: name, Err: ErrDuplicate, Allowed: "a name that no other route of the environment has"}
	e.Problem = fmt.Sprintf("the route in line %d has this name as well", other.node.Line)
	if r.name == "" {
		e.Problem = fmt.Sprintf("made from where it leads, the name is that of the route in line %d as well", other.node.Line)
		e.Allowed = "a name of its own: name: …"
	}
	d.fail(r.node, r.path, e)
}

// resolves notes what is wrong with what an environment inherits.
func (c *Config) resolves(d *decoder, name string) {
	at, env := c.declared[name], c.environments[name]
	if at == nil {
		return
	}
	known := c.sortedEnvironments()
	if _, ok := c.environments[env.Inherits]; env.Inherits != "" && !ok {
		where := valueAt(at, "inherits")
		d.fail(where, "logging.environments."+name+".inherits", &Error{Value: show(env.Inherits), Problem: "unknown environment",
			Allowed: oneOf(known), Near: nearest(env.Inherits, known), Err: ErrValue})
		return
	}
	if path := c.cycle(name); path != nil {
		d.fail(valueAt(at, "inherits"), "logging.environments."+name+".inherits", &Error{Value: show(env.Inherits),
			Problem: "it inherits from itself: " + strings.Join(path, " from "), Allowed: "no cycle", Err: ErrCycle})
		return
	}
	inherited, err := c.inherited(env.Inherits)
	if err != nil {
		return // said where it is wrong
	}
	for _, out := range env.Without {
		if !slices.Contains(inherited, out) {
			d.fail(valueAt(at, "without"), "logging.environments."+name+".without", &Error{Value: show(out), Problem: "no such route is inherited",
				Allowed: oneOf(inherited), Near: nearest(out, inherited), Err: ErrValue})
		}
	}
}

// cycle returns the way from an environment back to itself; nil: there is none.
func (c *Config) cycle(name string) []string {
	way := []string{name}
	for at := c.environments[name].Inherits; at != "" && len(way) <= len(c.environments); at = c.environments[at].Inherits {
		way = append(way, at)
		if at == name {
			return way
		}
	}
	return nil
}

// inherited returns the names of the routes of an environment, abstract or not.
func (c *Config) inherited(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	every := route.Environments{}
	for n, e := range c.environments {
		e.Abstract = false
		every[n] = e
	}
	routes, err := every.Routes(name)
	var names []string
	for _, r := range routes {
		names = append(names, r.Name)
	}
	return names, err
}

// chosen returns the routes of an environment in their order.
func (c *Config) chosen(environment string) ([]*routeNode, []string, error) {
	name := environment
	if _, any := c.environments[anyEnvironment]; any {
		name = anyEnvironment
	}
	stubs, err := c.environments.Routes(name)
	if err != nil {
		e := &Error{File: c.file, Key: "environment", Value: show(environment), Problem: "cannot be chosen", Err: err}
		if unknown, ok := errors.AsType[*route.UnknownEnvironmentError](err); ok {
			e.Problem, e.Allowed, e.Near = "unknown environment", oneOf(unknown.Known), nearest(environment, unknown.Known)
		}
		return nil, nil, Errors{e}
	}
	var nodes []*routeNode
	var names []string
	for _, stub := range stubs {
		nodes = append(nodes, c.find(name, stub.Name))
		names = append(names, stub.Name)
	}
	return nodes, names, nil
}

// find returns the route of this name, of an environment or of what it inherits.
func (c *Config) find(environment, name string) *routeNode {
	for {
		if r := c.byName[environment][name]; r != nil {
			return r
		}
		environment = c.environments[environment].Inherits
	}
}

// valueAt returns the value of a key of a mapping, or the mapping itself.
func valueAt(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return follow(n.Content[i+1])
		}
	}
	return n
}
