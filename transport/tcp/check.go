package tcp

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*stream)(nil)

// Check resolves the name, connects to its addresses, and does TLS's handshake.
// What the receiver makes of records nobody knows: it never answers.
func (t *stream) Check(ctx context.Context) []transport.Finding {
	if t.host == nil {
		return preflight.Socket(t.dest.Addr, func() error { return t.Probe(ctx) })
	}
	h := preflight.Host{Name: t.host, TLS: t.tls}
	return h.Check(ctx)
}
