package journald

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at journald's socket.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	return preflight.Socket(t.dest.Socket, func() error { return t.Probe(ctx) })
}
