package handler

import (
	"context"
	"log/slog"

	"github.com/slogship/slogship/encode"
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
	var t encode.Trace
	if core := s.h.core; core.opts.Trace != nil {
		core.trace(s.ctx, &t)
	}
	return t.Sampled()
}

func (s *subject) Lookup(path string) (slog.Value, bool) {
	if v, ok := s.h.lookup(path, s.r); ok {
		return v, true
	}
	return lookupIn(s.h.core.fromContext(s.ctx), path)
}
