package handler

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
)

// sealing makes Sealers of policies, one of all that are equal: their routes
// share a form of each record, and their caches. A handler has few, so none is
// forgotten.
type sealing struct {
	keys    *crypto.Keyring
	options crypto.SealerOptions
	known   atomic.Pointer[[]sealed] // replaced as a whole, under core.routing
	fields  *crypto.Sealer           // of Options.Fields; nil: none
	letters encode.Encoder           // of dead letters in files
}

type sealed struct {
	policy *crypto.Policy
	sealer *crypto.Sealer
}

func newSealing(o *Options) (*sealing, error) {
	s := &sealing{keys: o.Keys, options: crypto.SealerOptions{Service: o.Resource.Service, HashKey: o.HashKey}}
	s.known.Store(new([]sealed))
	var err error
	if s.letters, err = newLetters(o); err != nil {
		return nil, err
	}
	s.fields, err = s.compile(o.Fields)
	return s, err
}

// of returns the Sealer of a route, nil if it has no policy.
func (s *sealing) of(r *route.Route) (*crypto.Sealer, error) {
	if r.Fields == nil {
		return s.fields, nil
	}
	return s.compile(r.Fields)
}

func (s *sealing) compile(p *crypto.Policy) (*crypto.Sealer, error) {
	if p == nil {
		return nil, nil
	}
	known := *s.known.Load()
	for _, k := range known {
		if k.policy.Equal(p) {
			return k.sealer, nil
		}
	}
	sealer, err := p.Compile(s.keys, &s.options)
	if err == nil {
		known = append(slices.Clip(known), sealed{p, sealer})
		s.known.Store(&known)
	}
	return sealer, err
}

// stats sums up over all policies that there have been.
func (s *sealing) stats() (sum crypto.Stats) {
	for _, k := range *s.known.Load() {
		n := k.sealer.Stats()
		sum.Sealed += n.Sealed
		sum.Masked += n.Masked
		sum.Hashed += n.Hashed
		sum.Dropped += n.Dropped
		sum.Unsealed += n.Unsealed
	}
	return sum
}

func topOf(s *crypto.Sealer) *crypto.Group {
	if s == nil {
		return nil
	}
	return s.Top()
}

// groupOf returns where attributes stand that are in groups.
func groupOf(s *crypto.Sealer, groups []string) *crypto.Group {
	at := topOf(s)
	for _, name := range groups {
		if at != nil {
			at = at.Group(name)
		}
	}
	return at
}

// hide applies a policy to a record that is decoded, for what is shown where no
// route is asked.
func hide(s *crypto.Sealer, rec *encode.Record) {
	if s == nil {
		return
	}
	sc := crypto.Scratch{Record: rec.ID}
	rec.Message = s.Message(&sc, rec.Message)
	var kept []slog.Attr
	for _, a := range rec.Attrs {
		if a, ok := s.Top().Attr(&sc, a); ok {
			kept = append(kept, a)
		}
	}
	rec.Attrs = kept
}

// sealedNext is Options.Next behind the handler's policy.
type sealedNext struct {
	slog.Handler
	sealer *crypto.Sealer
	at     *crypto.Group
}

// behind returns next as it is to be called.
func behind(s *crypto.Sealer, next slog.Handler) slog.Handler {
	if s == nil || next == nil {
		return next
	}
	return &sealedNext{next, s, s.Top()}
}

func (n *sealedNext) Handle(ctx context.Context, r slog.Record) error {
	var sc crypto.Scratch
	hidden := slog.NewRecord(r.Time, r.Level, n.sealer.Message(&sc, r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a, ok := n.at.Attr(&sc, a); ok {
			hidden.AddAttrs(a)
		}
		return true
	})
	return n.Handler.Handle(ctx, hidden)
}

func (n *sealedNext) WithAttrs(attrs []slog.Attr) slog.Handler {
	var sc crypto.Scratch
	var kept []slog.Attr
	for _, a := range attrs {
		if a, ok := n.at.Attr(&sc, a); ok {
			kept = append(kept, a)
		}
	}
	return &sealedNext{n.Handler.WithAttrs(kept), n.sealer, n.at}
}

func (n *sealedNext) WithGroup(name string) slog.Handler {
	return &sealedNext{n.Handler.WithGroup(name), n.sealer, n.at.Group(name)}
}

// sealers are those of lanes, each once; nil among them stands for no policy.
func sealers(lanes []*lane) []*crypto.Sealer {
	var out []*crypto.Sealer
	for _, l := range lanes {
		if !slices.Contains(out, l.sealer) {
			out = append(out, l.sealer)
		}
	}
	return out
}
