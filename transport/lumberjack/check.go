package lumberjack

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to each host. The protocol itself begins with an event.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.dialer.Check(ctx)
	return append(found, preflight.Skip(preflight.Protocol, "", "Lumberjack has no step without an event"))
}
