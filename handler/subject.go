package handler

import (
	"context"
	"log/slog"
	"strings"

	"github.com/slogship/slogship/route"
)

// subject shows a record to matchers without encoding it.
type subject struct {
	h   *Handler
	ctx context.Context // of the call, which it does not outlive
	r   *slog.Record
}

var _ route.Subject = (*subject)(nil)

func (s *subject) Level() slog.Level { return s.r.Level }
func (s *subject) Message() string   { return s.r.Message }
func (s *subject) Scope() string     { return s.h.scope }
func (s *subject) Groups() []string  { return s.h.groups }
func (s *subject) Package() string   { return s.h.core.sources.importPath(s.r.PC) }

func (s *subject) Sampled() bool {
	core := s.h.core
	return core.opts.Trace != nil && core.trace(s.ctx).Sampled()
}

// Lookup finds the attribute at path: those of the record first, for they are
// the last, then what With methods have bound, the newest first.
func (s *subject) Lookup(path string) (v slog.Value, ok bool) {
	if rest, inside := below(path, s.h.groups); inside {
		s.r.Attrs(func(a slog.Attr) bool {
			if found, has := lookup(a, rest); has {
				v, ok = found, true
			}
			return true
		})
		if ok {
			return v, true
		}
	}
	for i := len(s.h.bound) - 1; i >= 0; i-- {
		b := s.h.bound[i]
		rest, inside := below(path, s.h.groups[:b.depth])
		for j := len(b.attrs) - 1; inside && j >= 0; j-- {
			if v, ok = lookup(b.attrs[j], rest); ok {
				return v, true
			}
		}
	}
	return slog.Value{}, false
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
		return resolve(a.Value), true
	}
	if a.Key != "" {
		rest, ok := strings.CutPrefix(path, a.Key)
		if !ok || rest == "" || rest[0] != '.' {
			return slog.Value{}, false
		}
		path = rest[1:]
	}
	v := resolve(a.Value)
	if v.Kind() != slog.KindGroup {
		return slog.Value{}, false
	}
	members := v.Group()
	for i := len(members) - 1; i >= 0; i-- {
		if found, ok := lookup(members[i], path); ok {
			return found, true
		}
	}
	return slog.Value{}, false
}
