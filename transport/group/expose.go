package group

import (
	"context"

	"github.com/slogship/slogship/transport"
)

// A group has the optional abilities that its members have, and no others: the
// worker treats one that holds records differently, and who asks a group of
// which no member can be probed would get an answer that means nothing. An
// ability is a method, so each set of them takes a type. One that holds is
// always a Prober: an idle worker learns from Probe what has to go again.
type (
	sending interface {
		transport.Transport
		transport.Stater
		transport.Checker
		transport.Previewer
	}
	probing struct{ g *group }
	holding struct{ g *group }
	naming  struct{ g *group }
)

func (p probing) Probe(ctx context.Context) error { return p.g.Probe(ctx) }
func (h holding) Held() int                       { return h.g.Held() }
func (n naming) ImportPaths() []string            { return n.g.paths }

// expose returns s, whose group is g, with the abilities of g's members. The
// anonymous structs are the sets that there can be: a method that returns "not I"
// was the alternative, and each caller's type assertion would have to know of it.
func expose(s sending, g *group) transport.Transport {
	p, h, n := probing{g}, holding{g}, naming{g}
	named := len(g.paths) > 0
	switch {
	case g.ledger.on() && named:
		return struct {
			sending
			probing
			holding
			naming
		}{s, p, h, n}
	case g.ledger.on():
		return struct {
			sending
			probing
			holding
		}{s, p, h}
	case g.probes && named:
		return struct {
			sending
			probing
			naming
		}{s, p, n}
	case g.probes:
		return struct {
			sending
			probing
		}{s, p}
	case named:
		return struct {
			sending
			naming
		}{s, n}
	default:
		return struct{ sending }{s} // s itself has all the methods
	}
}
