package syslog

import (
	"context"
	"errors"
	"strings"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

// What goes over a network is checked by packages tcp and udp, whose transports
// those destinations open.
var _ transport.Checker = (*local)(nil)

// Check looks for the daemon's socket in all places where it may be.
func (l *local) Check(ctx context.Context) []transport.Finding {
	if len(l.paths) == 1 {
		return preflight.Socket(l.paths[0], func() error { return l.Probe(ctx) })
	}
	const check = "socket"
	places := strings.Join(l.paths, ", ")
	err := l.Probe(ctx)
	switch {
	case errors.Is(err, ErrNoDaemon):
		return []transport.Finding{preflight.Bad(check, places, err, "start a syslog daemon or set Addr; in a container its socket has to be mounted")}
	case err != nil:
		return []transport.Finding{preflight.Bad(check, places, err, "nobody listens at the socket, or this user may not write to it")}
	default:
		return []transport.Finding{preflight.Good(check, places, "takes messages")}
	}
}
