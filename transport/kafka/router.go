package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/slogship/slogship/internal/attrpath"
)

// ErrNoTopic: a record has no value in Topics, and there is no Topic.
var ErrNoTopic = errors.New("no topic for this record")

// maxTopic is the longest name that Kafka allows.
const maxTopic = 249

// router finds the topic of a record. It does not change.
type router struct {
	fixed  string
	path   string // of the attribute; "": none
	values map[string]string
	names  []string // of all topics, sorted
}

// newRouter checks Topic, TopicAttr and Topics.
func newRouter(d *Destination) (*router, error) {
	r := &router{fixed: d.Topic, path: d.TopicAttr, values: d.Topics}
	switch {
	case (d.TopicAttr == "") != (len(d.Topics) == 0):
		return nil, fmt.Errorf("kafka: TopicAttr %q with %d Topics: %w: want both or neither", d.TopicAttr, len(d.Topics), ErrConfig)
	case d.Topic == "" && len(d.Topics) == 0:
		return nil, fmt.Errorf(`kafka: Topic "": %w: want a topic, or TopicAttr and Topics`, ErrConfig)
	}
	if d.Topic != "" {
		r.names = append(r.names, d.Topic)
	}
	for _, name := range d.Topics {
		r.names = append(r.names, name)
	}
	slices.Sort(r.names)
	r.names = slices.Compact(r.names)
	for _, name := range r.names {
		if !validTopic(name) {
			return nil, fmt.Errorf(`kafka: topic %.300q: %w: want 1 to %d letters, digits, ".", "_" and "-"; not "." or ".."`, name, ErrConfig, maxTopic)
		}
	}
	return r, nil
}

// route returns the name of the topic that a record with attrs goes to.
func (r *router) route(attrs []slog.Attr) (string, error) {
	if r.path != "" {
		if v, ok := attrpath.Find(attrs, r.path); ok {
			if name, ok := r.values[v.String()]; ok {
				return name, nil
			}
		}
	}
	if r.fixed == "" {
		return "", ErrNoTopic
	}
	return r.fixed, nil
}

func validTopic(name string) bool {
	return name != "" && len(name) <= maxTopic && name != "." && name != ".." && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	})
}
