package amqp

import (
	"context"
	"errors"
	"strings"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to each node, logs in, and asks whether the exchanges
// are there, with passive declarations. It declares nothing: what Declare would
// make may be missing.
func (t *sender) Check(ctx context.Context) []transport.Finding {
	t.mu.Lock()
	defer t.mu.Unlock()
	hosts := make([]preflight.Host, len(t.hosts.names))
	for i, name := range t.hosts.names {
		hosts[i] = preflight.Host{Name: name, TLS: t.hosts.tls}
	}
	found := preflight.Check(ctx, hosts)
	if !preflight.Passed(found) {
		return append(found, preflight.Skip(preflight.Credentials, "", "no node can be reached"))
	}
	return append(found, t.checkSession(ctx)...)
}

// checkSession opens a session of its own and closes it again.
func (t *sender) checkSession(ctx context.Context) []transport.Finding {
	ctx, cancel := context.WithTimeout(ctx, t.dest.ConnectTimeout)
	defer cancel()
	looking := t.dest
	looking.Declare = nil
	var s *session
	err := t.hosts.connect(ctx, func(ctx context.Context, l line) (err error) {
		s, err = looking.open(ctx, l)
		return err
	})
	exchanges := "exchange " + strings.Join(looking.exchanges(), ", ")
	if err == nil {
		s.close(t.dest.CloseTimeout)
		good := preflight.Good(preflight.Credentials, "", "logged in, virtual host %q", t.dest.VHost)
		if len(looking.exchanges()) == 0 {
			return []transport.Finding{good, preflight.Good(preflight.Topic, "", "the default exchange, which is always there")}
		}
		return []transport.Finding{good, preflight.Good(preflight.Topic, exchanges, "there")}
	}
	return t.broken(exchanges, err)
}

// broken says what is behind an error of opening a session.
func (t *sender) broken(exchanges string, err error) []transport.Finding {
	refused, told := errors.AsType[*Error](err)
	switch {
	case told && refused.Code == amqp091.NotFound && t.dest.Declare != nil:
		return []transport.Finding{preflight.Warn(preflight.Topic, exchanges, refused.Error(), "nothing, if Declare makes it with the first connection")}
	case told && refused.Code == amqp091.NotFound:
		return []transport.Finding{preflight.Bad(preflight.Topic, exchanges, err, "make the exchange, or set Declare; or correct its name")}
	case told && (refused.Code == amqp091.AccessRefused || refused.Code == amqp091.NotAllowed):
		return []transport.Finding{preflight.Bad(preflight.Credentials, "", err, "give the user the rights on the virtual host and the exchange, and correct VHost if it is wrong")}
	case errors.Is(err, ErrLogin), errors.Is(err, ErrCredentials), errors.Is(err, errSASL):
		return []transport.Finding{preflight.Bad(preflight.Credentials, "", err, "correct the user's name and password; guest is let in from the broker's own machine alone")}
	default:
		return []transport.Finding{preflight.Bad(preflight.Protocol, "", err, "see the broker's log; the port may be none of AMQP 0-9-1, or want TLS")}
	}
}
