package config

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

// bufferKeys are the key buffer of logging: the fields of handler.Options that are
// about the disk.
type bufferKeys struct {
	Dir     string
	MaxDisk int64
	MinFree int64
}

// BufferFields are the keys of logging.buffer.
func BufferFields() []Field { return FieldsOf(reflect.TypeFor[bufferKeys]()) }

// SealingFields are the keys of logging.sealing.
func SealingFields() []Field { return FieldsOf(reflect.TypeFor[sealingKeys]()) }

// EnvironmentFields are the keys of an environment in logging.environments.
func EnvironmentFields() []Field { return FieldsOf(reflect.TypeFor[environmentKeys]()) }

// OptionFields are the keys of logging that are fields of [handler.Options], and
// those that the program alone can set. There are more: level, buffer,
// environments, rename, routes and sealing, see [Keys].
func OptionFields() []Field {
	return slices.DeleteFunc(FieldsOf(reflect.TypeFor[handler.Options]()), func(f Field) bool {
		// Below buffer, but for InMemory, which is what there is without it; Levels
		// is level, and Rename one of Keys; the keys' files are below sealing.
		return slices.Contains([]string{"Dir", "MaxDisk", "MinFree", "InMemory", "Levels", "Rename", "Keys", "HashKey"}, f.Go)
	})
}

// Keys are the keys of logging that are no fields of handler.Options.
func Keys() []string {
	return []string{"level", "buffer", "environments", "rename", "routes", "sealing"}
}

// decodeKeys decodes a mapping into a struct of this package.
func (d *decoder) decodeKeys(n *yaml.Node, path string, keys any) {
	v := reflect.ValueOf(keys).Elem()
	d.structure(n, path, FieldsOf(v.Type()), v)
}

// root decodes the whole file.
func (c *Config) root(d *decoder, n *yaml.Node) {
	if !d.mapping(n, "", "a mapping with the key logging") {
		return
	}
	es := d.entries(n, "")
	for _, e := range es {
		if e.name != "logging" && !c.opts.Embedded && !strings.HasPrefix(e.name, "x-") {
			d.unknownKey(e, []string{"logging"})
		}
	}
	logging := findEntry(es, "logging")
	if logging == nil {
		d.fail(n, "", &Error{Problem: "the key logging is missing", Allowed: "logging: {routes: […]}", Err: ErrRequired})
		return
	}
	if d.mapping(logging.value, "logging", "a mapping with routes") {
		c.section(d, logging.value)
	}
}

// section decodes what is below logging. What all environments share is decoded
// with what it refers to; the routes are only checked, by the last call.
func (c *Config) section(d *decoder, n *yaml.Node) {
	es := d.entries(n, "logging")
	d.fields(es, OptionFields(), reflect.ValueOf(&c.handler).Elem(), Keys()...)
	if level := findEntry(es, "level"); level != nil {
		c.levels, c.leveled = d.scopeLevels(level)
	}
	c.buffer(d, findEntry(es, "buffer"))
	if sealing := findEntry(es, "sealing"); sealing != nil {
		d.decodeKeys(sealing.value, sealing.path, &c.sealing)
	}
	if rename := findEntry(es, "rename"); rename != nil {
		c.renaming(d, rename)
	}
	environments, routes := findEntry(es, "environments"), findEntry(es, "routes")
	declared := c.declare(d, environments)
	if routes == nil {
		d.fail(n, "logging", &Error{Problem: "the key routes is missing", Allowed: "a list of routes, at least one", Err: ErrRequired})
		return
	}
	c.list(d, routes)
	c.assemble(d, declared)
	c.check(d)
}

// renaming reads the new names of routes by their old ones.
func (c *Config) renaming(d *decoder, section *entry) {
	if !d.mapping(section.value, section.path, "a mapping of old names to new ones") {
		return
	}
	for _, e := range d.entries(section.value, section.path) {
		if name := d.routeName(e); name != "" {
			c.Renames[e.name] = name
		}
	}
}

// buffer decides where records wait.
func (c *Config) buffer(d *decoder, section *entry) {
	if section == nil {
		c.handler.InMemory = true
		c.inMemory = "config: " + c.file + ": there is no logging.buffer, so records wait in memory: what is not delivered when the process ends is lost (buffer: {dir: /var/lib/…} keeps it)"
		return
	}
	var keys bufferKeys
	count := len(d.errs)
	d.decodeKeys(section.value, section.path, &keys)
	if keys.Dir == "" && len(d.errs) == count {
		// A service that says its name has a place on every platform.
		dir, err := handler.StateDir(c.handler.Resource.Service)
		if err != nil {
			d.fail(section.value, section.path, &Error{Problem: "the key dir is missing, and there is no place that goes without saying",
				Allowed: "dir: a directory of this service's own; or resource: {service: NAME}, whose state directory it is then", Err: errors.Join(ErrRequired, err)})
		}
		keys.Dir = dir
	}
	if keys.MaxDisk < 0 || keys.MaxDisk > 0 && keys.MaxDisk < 1<<20 {
		d.want(valueAt(section.value, "max_disk"), section.path+".max_disk", false, "at least 1MiB")
	}
	c.handler.Dir, c.handler.MaxDisk, c.handler.MinFree = keys.Dir, keys.MaxDisk, keys.MinFree
}

const wantScopeLevels = `a level, or levels by scope such as "db=DEBUG,INFO" or {db: DEBUG, default: INFO}`

// scopeLevels returns the spec of logging.level.
func (d *decoder) scopeLevels(e *entry) (spec string, ok bool) {
	count := len(d.errs)
	switch n := e.value; {
	case n.Kind == yaml.MappingNode:
		var parts []string
		for _, scope := range d.entries(n, e.path) {
			text, known := "", false
			if scope.value.Kind != yaml.ScalarNode || isNull(scope.value) {
				d.want(scope.value, scope.path, false, wantLevel)
			} else if text, known = d.expand(scope.value, scope.path, false); known {
				if _, err := route.ParseLevel(text); err != nil {
					d.want(scope.value, scope.path, false, wantLevel, levelNames...)
				}
			}
			parts = append(parts, strings.TrimPrefix(scope.name+"=", "default=")+text)
		}
		spec = strings.Join(parts, ",")
	case n.Kind != yaml.ScalarNode || isNull(n):
		d.want(n, e.path, false, wantScopeLevels)
		return "", false
	default:
		text, known := d.expand(n, e.path, false)
		if !known {
			return "", false
		}
		spec = text
	}
	if _, err := route.NewScopeLevels(spec); err != nil || strings.TrimSpace(spec) == "" {
		if e.value.Kind == yaml.ScalarNode {
			d.want(e.value, e.path, false, wantScopeLevels+"; levels are "+wantLevel, levelNames...)
		} else if len(d.errs) == count {
			d.want(e.value, e.path, false, wantScopeLevels)
		}
		return "", false
	}
	return spec, true
}
