// Package attrpath finds the attribute that a Destination names to choose an
// index, a topic, an exchange or a key by.
package attrpath

import (
	"log/slog"
	"strings"
)

// Find returns the first plain value at path: by its key or, within groups, by
// "group.key". Keys may have dots of their own ("http.method"), so that path is
// followed rather than split. What is a group, or has a kind of its own, is no
// plain value.
func Find(attrs []slog.Attr, path string) (slog.Value, bool) {
	for _, a := range attrs {
		kind := a.Value.Kind()
		if a.Key == path && kind != slog.KindGroup && kind != slog.KindAny {
			return a.Value, true
		}
		if kind != slog.KindGroup {
			continue
		}
		if rest, ok := strings.CutPrefix(path, a.Key); ok && strings.HasPrefix(rest, ".") {
			if v, ok := Find(a.Value.Group(), rest[1:]); ok {
				return v, true
			}
		}
	}
	return slog.Value{}, false
}
