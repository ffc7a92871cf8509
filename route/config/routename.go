package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxName is how long the name of a route may be.
const maxName = 64

// nameFor makes the name of a route that has none from what the file says of
// where it leads: environment, scheme, host and path. Not from its index: a
// route put before it would get its buffer. Not from what a reference stands
// for, but from the reference: names are directories and show up in figures,
// where a token has no place, and a host that moves keeps its backlog.
func (d *decoder) nameFor(environment string, output *yaml.Node) string {
	name := clean(environment + "-" + d.placeOf(output))
	if len(name) > maxName {
		sum := sha256.Sum256([]byte(name))
		name = strings.TrimRight(name[:maxName-9], "-") + "-" + hex.EncodeToString(sum[:4])
	}
	return name
}

// clean leaves a-z and 0-9, with one "-" for whatever is between them.
func clean(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == '-' || notInName(r) })
	return strings.Join(words, "-")
}

// notInName reports whether a route's name cannot have r.
func notInName(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }

// placeKeys are the fields of destinations that say where they are, the first
// that is there is taken.
func placeKeys() []string {
	return []string{"url", "urls", "addr", "addrs", "brokers", "dsn", "path", "socket", "members"}
}

// placeOf returns where an output leads, as the file has it.
func (d *decoder) placeOf(n *yaml.Node) string {
	n = follow(n)
	switch n.Kind {
	case yaml.ScalarNode:
		return place(n.Value)
	case yaml.SequenceNode:
		if len(n.Content) > 0 {
			return d.placeOf(n.Content[0])
		}
	case yaml.MappingNode:
		return d.placeOfMapping(n)
	}
	return ""
}

// placeOfMapping is the type and the place.
func (d *decoder) placeOfMapping(n *yaml.Node) string {
	es := d.entries(n, "")
	var typ string
	if t := findEntry(es, "type"); t != nil {
		typ = place(t.value.Value) + "-"
	}
	for _, key := range placeKeys() {
		if at := findEntry(es, key); at != nil {
			where := d.placeOf(at.value)
			if _, rest, found := strings.Cut(where, "://"); found && typ != "" && key != "members" {
				where = rest // the type says it already
			}
			return typ + where
		}
	}
	return typ
}

// place is a URL without user information, parameters and tokens, and with the
// names of its references.
func place(text string) string {
	t, problem := split(text)
	if problem != "" {
		return ""
	}
	text, _, _ = strings.Cut(t.text, "?")
	text, _, _ = strings.Cut(text, "#")
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "", text
	} else {
		scheme += "://"
	}
	authority, below, slash := strings.Cut(rest, "/")
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	if slash {
		below = "/" + below
	}
	segments := strings.Split(authority+below, "/")
	for i, s := range segments {
		if unescaped, err := url.PathUnescape(s); err == nil {
			s = unescaped
		}
		if i > 0 && tokenLike(s) {
			sum := sha256.Sum256([]byte(s))
			segments[i] = hex.EncodeToString(sum[:4])
		}
	}
	return t.named(scheme + strings.Join(segments, "/"))
}

// named puts the names of references in their place.
func (t *template) named(text string) string {
	var b strings.Builder
	for _, r := range text {
		i, is := isRef(r)
		switch {
		case !is:
			b.WriteRune(r)
		case t.refs[i].file != "":
			b.WriteString("-" + path.Base(t.refs[i].file) + "-")
		default:
			b.WriteString("-" + t.refs[i].name + "-")
		}
	}
	return b.String()
}
