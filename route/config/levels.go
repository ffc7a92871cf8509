package config

import (
	"log/slog"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slogship/slogship/route"
)

const wantLevels = `a list of TRACE, DEBUG, INFO, NOTICE, WARN, ERROR and FATAL, a bound such as ">=WARN", {min: DEBUG, max: INFO}, or all`

// levels sets the levels of a route: a list or names with commas between them,
// bounds with an operator, or a mapping of bounds.
func (d *decoder) levels(n *yaml.Node, key string, v reflect.Value) {
	switch {
	case n.Kind == yaml.MappingNode:
		d.bounds(n, key, v)
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		d.want(n, key, false, wantLevels)
	case n.Kind == yaml.SequenceNode:
		parts, known := d.texts(n, key)
		if known {
			d.setLevels(n, key, strings.Join(parts, ","), v)
		}
	case isNull(n):
		d.want(n, key, false, wantLevels)
	default:
		if text, known := d.expand(n, key, false); known {
			d.setLevels(n, key, text, v)
		}
	}
}

// texts returns the scalars of a list of levels, each checked for itself, so that an
// error has its place.
func (d *decoder) texts(n *yaml.Node, key string) (texts []string, known bool) {
	known = true
	for i, item := range n.Content {
		item, key := follow(item), key+"["+strconv.Itoa(i)+"]"
		if item.Kind != yaml.ScalarNode || isNull(item) {
			d.want(item, key, false, wantLevel)
			known = false
			continue
		}
		text, ok := d.expand(item, key, false)
		if ok {
			if _, err := route.ParseLevels(text); err != nil || strings.TrimSpace(text) == "" {
				d.want(item, key, false, wantLevel, levelNames...)
				ok = false
			}
		}
		texts, known = append(texts, text), known && ok
	}
	return texts, known
}

// setLevels sets v from a text as route.ParseLevels reads it, but for the empty
// one: "levels:" with an empty variable must not mean all.
func (d *decoder) setLevels(n *yaml.Node, key, text string, v reflect.Value) {
	levels, err := route.ParseLevels(text)
	if err != nil || strings.TrimSpace(text) == "" {
		d.want(n, key, false, wantLevels, levelNames...)
		return
	}
	// The zero Levels would be those of logging.level; who writes "all" means all.
	if levels == (route.Levels{}) {
		levels = route.Only(route.LevelTrace, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError)
	}
	v.Set(reflect.ValueOf(levels))
}

// bounds is {min: DEBUG, max: INFO}, one or both.
func (d *decoder) bounds(n *yaml.Node, key string, v reflect.Value) {
	var b struct{ Min, Max slog.Leveler }
	count := len(d.errs)
	d.structure(n, key, FieldsOf(reflect.TypeOf(b)), reflect.ValueOf(&b).Elem())
	switch {
	case len(d.errs) > count:
	case b.Min != nil && b.Max != nil && b.Min.Level() > b.Max.Level():
		d.want(valueAt(n, "max"), key+".max", false, "min, or a level above it")
	case b.Min != nil || b.Max != nil:
		v.Set(reflect.ValueOf(route.Between(b.Min, b.Max)))
	case len(n.Content) == 0:
		d.want(n, key, false, wantLevels)
	}
}

const wantDurability = "process, power, or interval(1s) with a time of at least 1ms"

// durability is what String of route.Durability prints.
func (d *decoder) durability(n *yaml.Node, key string, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.want(n, key, false, wantDurability)
		return
	}
	text, known := d.expand(n, key, false)
	if !known {
		return
	}
	inner, isInterval := strings.CutPrefix(text, "interval(")
	inner, closed := strings.CutSuffix(inner, ")")
	switch every, fine := parseDuration(inner); {
	case text == "process":
		v.Set(reflect.ValueOf(route.Process()))
	case text == "power":
		v.Set(reflect.ValueOf(route.Power()))
	case isInterval && closed && fine && every >= 1e6:
		v.Set(reflect.ValueOf(route.Interval(every)))
	default:
		d.want(n, key, false, wantDurability, "process", "power", "interval(1s)")
	}
}
