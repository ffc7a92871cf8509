package relp

import (
	"context"
	"errors"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to the receiver and opens a session, which is RELP's own
// way to say that both sides have the command for messages.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	t.mu.Lock()
	found := t.dialer.Check(ctx)
	t.mu.Unlock()
	return preflight.Then(found, preflight.Protocol, t.dest.Addr, func() transport.Finding {
		err := t.Probe(ctx)
		switch {
		case err == nil:
			return preflight.Good(preflight.Protocol, t.dest.Addr, "a RELP session, with the command syslog")
		case errors.Is(err, errNoSyslog):
			return preflight.Bad(preflight.Protocol, t.dest.Addr, err, "let the receiver take the command syslog")
		case errors.Is(err, errOpen):
			return preflight.Bad(preflight.Protocol, t.dest.Addr, err, "the receiver's log says why it opens no session")
		default:
			return preflight.Bad(preflight.Protocol, t.dest.Addr, err, "the receiver may not speak RELP at this port, or wants TLS: see its imrelp input")
		}
	})
}
