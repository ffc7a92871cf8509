package handler

import (
	"log/slog"
	"strings"
)

// lookup finds the attribute at path: among those of the record first, for they
// are the last, then in what With methods have bound, the newest first.
func (h *Handler) lookup(path string, r *slog.Record) (slog.Value, bool) {
	if rest, inside := below(path, h.groups); inside {
		if v, ok := lookupRecord(r, rest); ok {
			return v, true
		}
	}
	for i := len(h.bound) - 1; i >= 0; i-- {
		b := &h.bound[i]
		if rest, inside := below(path, h.groups[:b.depth]); inside {
			if v, ok := lookupIn(b.attrs, rest); ok {
				return v, true
			}
		}
	}
	return slog.Value{}, false
}

// lookupRecord finds path in the last of r's attributes that has it. It is most
// of what a matcher costs, and nearly all of that are the copies of attributes
// that Record.Attrs makes; so the loop calls nothing, for which every variable
// would be stored and loaded again, and takes what looks like the key, by its
// length and last byte, for it. Two that do are rare, and gone through again.
func lookupRecord(r *slog.Record, path string) (slog.Value, bool) {
	if path == "" {
		return slog.Value{}, false
	}
	var hit slog.Attr
	hits := 0
	last := path[len(path)-1]
	r.Attrs(func(a slog.Attr) bool {
		n := len(a.Key)
		if n == len(path) && a.Key[len(path)-1] == last || n == 0 || n < len(path) && path[n] == '.' {
			hit, hits = a, hits+1
		}
		return true
	})
	switch hits {
	case 0:
		return slog.Value{}, false
	case 1:
		return lookup(&hit, path)
	}
	var (
		v  slog.Value
		ok bool
	)
	r.Attrs(func(a slog.Attr) bool {
		if found, has := lookup(&a, path); has {
			v, ok = found, true
		}
		return true
	})
	return v, ok
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
func lookup(a *slog.Attr, path string) (slog.Value, bool) {
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
		if found, ok := lookup(&attrs[i], path); ok {
			return found, true
		}
	}
	return slog.Value{}, false
}
