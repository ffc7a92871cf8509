package ackconn

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

// Check looks at the way to each of the hosts, and not only to the one that Dial
// would take: a host that is down behind one that works is found out today, and
// not when the other goes.
func (d *Dialer) Check(ctx context.Context) []transport.Finding {
	hosts := make([]preflight.Host, len(d.Hosts))
	for i, name := range d.Hosts {
		hosts[i] = preflight.Host{Name: name, TLS: d.TLS}
	}
	return preflight.Check(ctx, hosts)
}
