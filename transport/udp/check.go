package udp

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check resolves the name, or looks at the socket of this machine. Whether
// datagrams arrive can't be found out without sending one, nor with it.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	if t.host == nil {
		return preflight.Socket(t.dest.Addr, func() error { return t.Probe(ctx) })
	}
	h := preflight.Host{Name: t.host, UDP: true}
	return h.Check(ctx)
}
