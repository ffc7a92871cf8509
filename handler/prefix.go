package handler

import (
	"slices"
	"sync/atomic"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/internal/codec"
)

// prefixes are what With methods have gathered, encoded, in the form of each
// policy that a route has. They are made by the With call, so that a record does
// not pay for them. A Reload may bring another policy afterwards: its form is made
// with the first record that needs it, from the values that the handler keeps.
type prefixes struct {
	list atomic.Pointer[[]prefix] // replaced as a whole
}

// prefix is one form of them.
type prefix struct {
	sealer *crypto.Sealer
	bytes  []byte // never appended to but by way of Clip
}

// of returns h's prefix in the form of s.
func (p *prefixes) of(h *Handler, s *crypto.Sealer) []byte {
	if p == nil {
		return nil
	}
	list := *p.list.Load()
	for i := range list {
		if list[i].sealer == s {
			return list[i].bytes
		}
	}
	made := prefix{s, h.gather(s)}
	// Two calls may do so at a time: one form is lost and made again.
	grown := append(slices.Clip(list), made)
	p.list.Store(&grown)
	return made.bytes
}

// extended returns prefixes for a child of h: those of h for each policy in
// force, with what add appends.
func (h *Handler) extended(add func(dst []byte, s *crypto.Sealer) []byte) *prefixes {
	var list []prefix
	for _, s := range h.core.table.Load().sealers {
		// Clip before every append: two children of one parent must never write
		// into the same spare capacity.
		list = append(list, prefix{s, add(slices.Clip(h.with.of(h, s)), s)})
	}
	p := new(prefixes)
	p.list.Store(&list)
	return p
}

// gather encodes what h was given, from the values.
func (h *Handler) gather(s *crypto.Sealer) []byte {
	var (
		p     []byte
		seal  crypto.Scratch
		depth int
	)
	at := topOf(s)
	open := func(to int) {
		for ; depth < to; depth++ {
			p = codec.AppendGroup(p, h.groups[depth])
			if at != nil {
				at = at.Group(h.groups[depth])
			}
		}
	}
	for _, b := range h.bound {
		open(b.depth)
		for _, a := range b.attrs {
			p = h.core.appendAttr(p, &seal, at, h.groups[:b.depth], a)
		}
	}
	open(len(h.groups))
	return p
}
