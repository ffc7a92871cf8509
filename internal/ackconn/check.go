package ackconn

import (
	"context"

	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

// Check looks at the way to each of the hosts.
func (d *Dialer) Check(ctx context.Context) []transport.Finding {
	hosts := make([]preflight.Host, len(d.Hosts))
	for i, name := range d.Hosts {
		hosts[i] = preflight.Host{Name: name, TLS: d.TLS}
	}
	return preflight.Check(ctx, hosts)
}
