package handler

import (
	"log/slog"
	"strings"
)

// lookup finds the attribute at path: among those of the record first, for they
// are the last, then in what With methods have bound, the newest first.
func (h *Handler) lookup(path string, r *slog.Record) (v slog.Value, ok bool) {
	if rest, inside := below(path, h.groups); inside {
		r.Attrs(func(a slog.Attr) bool {
			if mayHold(a.Key, rest) {
				if found, has := lookup(a, rest); has {
					v, ok = found, true
				}
			}
			return true
		})
		if ok {
			return v, true
		}
	}
	for i := len(h.bound) - 1; i >= 0; i-- {
		b := &h.bound[i]
		if rest, inside := below(path, h.groups[:b.depth]); inside {
			if v, ok = lookupIn(b.attrs, rest); ok {
				return v, true
			}
		}
	}
	return slog.Value{}, false
}

// mayHold reports whether an attribute called key can be what path leads to or
// through. It is what most attributes of a record cost a matcher, so it is
// small enough to be inlined.
func mayHold(key, path string) bool {
	return len(key) == len(path) && key == path || key == "" || len(key) < len(path) && path[len(key)] == '.'
}

// below returns what is left of path within groups.
func below(path string, groups []string) (string, bool) {
	for _, g := range groups {
		rest, ok := strings.CutPrefix(path, g)
		if !ok || rest == "" || rest[0] != '.' {
			return "", false
		}
		path = rest[1:]
	}
	return path, true
}

// lookup finds path in a. Keys may contain dots themselves, so the whole key
// is compared and not path cut at its dots.
func lookup(a slog.Attr, path string) (slog.Value, bool) {
	if a.Key == path {
		return plain(a.Value), true
	}
	if a.Key != "" {
		rest, ok := strings.CutPrefix(path, a.Key)
		if !ok || rest == "" || rest[0] != '.' {
			return slog.Value{}, false
		}
		path = rest[1:]
	}
	v := plain(a.Value)
	if v.Kind() != slog.KindGroup {
		return slog.Value{}, false
	}
	return lookupIn(v.Group(), path)
}

// plain is resolve for what is mostly resolved.
func plain(v slog.Value) slog.Value {
	if v.Kind() != slog.KindLogValuer {
		return v
	}
	return resolve(v)
}

// lookupIn finds path in the last of attrs that has it.
func lookupIn(attrs []slog.Attr, path string) (slog.Value, bool) {
	for i := len(attrs) - 1; i >= 0; i-- {
		if found, ok := lookup(attrs[i], path); ok {
			return found, true
		}
	}
	return slog.Value{}, false
}
