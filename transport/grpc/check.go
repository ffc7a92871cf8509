package grpc

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to the receiver and opens a stream, on which the receiver
// greets with its limits.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	h := preflight.Host{Name: t.host, TLS: t.tls, ALPN: []string{"h2"}}
	return preflight.Then(h.Check(ctx), preflight.Protocol, t.dest.Addr, func() transport.Finding {
		err := t.Probe(ctx)
		var code codes.Code
		if refused, ok := errors.AsType[*StatusError](err); ok {
			code = refused.Code
		}
		switch {
		case err == nil:
			return preflight.Good(preflight.Protocol, t.dest.Addr, "a LogService")
		case code == codes.Unauthenticated, code == codes.PermissionDenied:
			return preflight.Bad(preflight.Credentials, t.dest.Addr, err, "correct the token, or give it the right to write")
		case code == codes.Unimplemented, errors.Is(err, errGreeting):
			return preflight.Bad(preflight.Protocol, t.dest.Addr, err, "the server has no LogService: correct the address")
		default:
			return preflight.Bad(preflight.Protocol, t.dest.Addr, err, "see the receiver's log")
		}
	})
}
