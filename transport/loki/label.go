package loki

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// What Loki takes (max_label_names_per_series, max_label_name_length,
// max_label_value_length). More labels than these are no use to anybody, so
// there are no options to raise them.
const (
	maxLabels     = 15
	maxLabelName  = 1024
	maxLabelValue = 2048
)

const (
	levelName   = "level"
	serviceName = "service_name"

	// unknownService is what Loki and OpenTelemetry call a service without a
	// name. A stream without any label is refused.
	unknownService = "unknown_service"
)

// label is one label of a stream.
type label struct{ name, value string }

// labeler makes the labels of a record. It does not change after Open.
type labeler struct {
	static   []label  // of Destination.Labels, sorted
	resource []string // OpenTelemetry's names
	level    bool
	names    []string // all names that labels may have
	fields   [len(fieldNames)]field
}

// field is one of a resource's own.
type field struct {
	name  string // Loki's
	label bool   // a label has it, or its name
}

// newLabeler checks the names.
func newLabeler(d *Destination) (*labeler, error) {
	l := &labeler{level: d.LevelLabel}
	for _, name := range slices.Sorted(maps.Keys(d.Labels)) {
		value := d.Labels[name]
		if !validName(name) || len(name) > maxLabelName {
			return nil, fmt.Errorf("loki: Labels %q: %w: want letters, digits and _, and neither a digit nor __ at the beginning", name, ErrConfig)
		}
		if value == "" || len(value) > maxLabelValue || !utf8.ValidString(value) {
			return nil, fmt.Errorf("loki: Labels %q: value %q: %w: want 1 to %d bytes of UTF-8", name, value, ErrConfig, maxLabelValue)
		}
		l.static = append(l.static, label{name, value})
		l.names = append(l.names, name)
	}
	for _, field := range d.ResourceLabels {
		name := string(appendName(nil, field))
		if field == "" || !validName(name) {
			return nil, fmt.Errorf("loki: ResourceLabels %q: %w: want what a label's name can be made of", field, ErrConfig)
		}
		if slices.Contains(l.names, name) {
			continue // Labels win
		}
		l.resource = append(l.resource, field)
		l.names = append(l.names, name)
	}
	if l.level {
		if slices.Contains(l.names, levelName) {
			return nil, fmt.Errorf("loki: Labels %q: %w: want none that LevelLabel sets", levelName, ErrConfig)
		}
		l.names = append(l.names, levelName)
	}
	if len(l.names) > maxLabels {
		return nil, fmt.Errorf("loki: %d labels: %w: want at most %d", len(l.names), ErrConfig, maxLabels)
	}
	for i, name := range fieldNames {
		f := &l.fields[i]
		f.name = string(appendName(nil, name))
		f.label = slices.Contains(l.names, f.name)
	}
	return l, nil
}

// of returns the labels for a resource and a level, sorted by name. At least
// one is there.
func (l *labeler) of(r *encode.Resource, level slog.Level) []label {
	labels := slices.Clone(l.static)
	for _, field := range l.resource {
		if value := cleanLabel(resourceField(r, field)); value != "" {
			labels = append(labels, label{string(appendName(nil, field)), value})
		}
	}
	if len(labels) == 0 {
		service := cleanLabel(resourceField(r, "service.name"))
		labels = append(labels, label{serviceName, cmp.Or(service, unknownService)})
	}
	if l.level {
		labels = append(labels, label{levelName, levelText(level)})
	}
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return labels
}

// resourceField returns what r has under OpenTelemetry's name, or "".
func resourceField(r *encode.Resource, name string) string {
	if r == nil {
		return ""
	}
	for i, value := range texts(r) {
		if fieldNames[i] == name {
			return value
		}
	}
	if name == fieldNames[pidField] && r.PID != 0 {
		return strconv.Itoa(r.PID)
	}
	for _, a := range r.Attrs {
		if a.Key == name && a.Value.Kind() != slog.KindGroup {
			return string(appendValue(nil, a.Value, maxLabelValue))
		}
	}
	return ""
}

// fieldNames are OpenTelemetry's for the fields of a resource, in the order of
// texts, with the process behind them. Never written to.
var fieldNames = [...]string{
	"service.name", "service.version", "deployment.environment.name", "service.instance.id", "host.name", pidField: "process.pid",
}

const pidField = 5

func texts(r *encode.Resource) [pidField]string {
	return [pidField]string{r.Service, r.Version, r.Environment, r.Instance, r.Host}
}

// cleanLabel makes a value that Loki takes: too long a one is cut, without a
// mark, for it has to be looked for.
func cleanLabel(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	for len(value) > maxLabelValue {
		_, size := utf8.DecodeLastRuneInString(value)
		value = value[:len(value)-size]
	}
	return value
}

// levelText is the level as Loki and Grafana know it, in lower case.
func levelText(level slog.Level) string {
	return [encode.LevelCount]string{"trace", "debug", "info", "notice", "warn", "error", "fatal"}[encode.LevelIndex(level)]
}

// appendSelector appends labels as LogQL writes them: {a="1", b="2"}. Go's
// quoting is LogQL's.
func appendSelector(dst []byte, labels []label) []byte {
	dst = append(dst, '{')
	for i, l := range labels {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, l.name...)
		dst = append(dst, '=')
		dst = strconv.AppendQuote(dst, l.value)
	}
	return append(dst, '}')
}
