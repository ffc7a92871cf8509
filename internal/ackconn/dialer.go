package ackconn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Dialer makes connections to one of several hosts. It is owned by the
// transport, which makes one connection at a time.
type Dialer struct {
	Hosts          []*hostaddr.Name  // at least one; any of them will do
	TLS            *tlsconfig.Client // nil: plain TCP
	ConnectTimeout time.Duration     // of Dial, over all hosts
	Silence        time.Duration     // of the receiver, after which a connection is given up
	KeepAlive      time.Duration     // between TCP probes; negative: none

	// next is the host to try first, plus 1; 0: none has been chosen. Plus 1, so
	// that a Dialer needs no constructor: its zero value has not chosen host 0.
	next int
}

// ParseHosts parses addresses ("host:port") for a Dialer and resolves none. Its
// errors wrap [hostaddr.ErrInvalid]. A nil resolver is net.DefaultResolver.
func ParseHosts(addrs []string, resolver *net.Resolver) ([]*hostaddr.Name, error) {
	hosts := make([]*hostaddr.Name, 0, len(addrs))
	for _, a := range addrs {
		host, err := hostaddr.Parse("tcp", a, resolver)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// Dial connects to the first address of the first host that lets it. greet is
// the protocol's own handshake, nil if there is none: a receiver that fails it
// counts as one that does not answer, and the next is tried.
//
// Which host is first is left to chance, so that a fleet of senders spreads
// over them; after a failure it is the next one.
func (d *Dialer) Dial(ctx context.Context, greet func(*Conn) error) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.ConnectTimeout)
	defer cancel()
	if d.next == 0 {
		d.next = 1 + rand.IntN(len(d.Hosts))
	}
	var reasons []error
	for tried := range d.Hosts {
		host := d.Hosts[d.next-1]
		c, err := d.dialHost(ctx, host, len(d.Hosts)-tried, greet)
		if err == nil {
			return c, nil
		}
		reasons = append(reasons, err)
		d.Skip()
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(reasons...)
}

// Skip makes the next Dial begin with the next host. Not with one by chance: after
// as many failures as there are hosts, each has had its turn.
func (d *Dialer) Skip() { d.next = d.next%len(d.Hosts) + 1 }

// dialHost tries the addresses of one host with its share of the time. Without
// shares, a first host whose packets vanish would use up the time of all others,
// at each attempt anew.
func (d *Dialer) dialHost(ctx context.Context, host *hostaddr.Name, shares int, greet func(*Conn) error) (c *Conn, err error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	addrs, err := host.Lookup(ctx)
	if err != nil {
		return nil, err
	}
	err = host.Try(ctx, addrs, func(ctx context.Context, addr netip.AddrPort) error {
		c, err = d.dialAddr(ctx, host, addr, greet)
		return err
	})
	return c, err
}

// dialAddr makes one attempt. What greet says about an address is the address's
// fault: one that takes connections and cannot speak gives way to the next.
func (d *Dialer) dialAddr(ctx context.Context, host *hostaddr.Name, addr netip.AddrPort, greet func(*Conn) error) (*Conn, error) {
	dialer := net.Dialer{KeepAlive: -1} // 0 would be Go's own probes, which nobody asked for
	if d.KeepAlive > 0 {
		dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: d.KeepAlive, Interval: d.KeepAlive, Count: 4}
	}
	socket, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	c := newConn(socket, d.Silence)
	c.host, c.addr = host, addr
	if err := d.greet(ctx, c, greet); err != nil {
		c.Abort()
		return nil, fmt.Errorf("%v: %w", addr, err)
	}
	return c, nil
}

// greet does TLS's handshake and the protocol's.
func (d *Dialer) greet(ctx context.Context, c *Conn, greet func(*Conn) error) error {
	if d.TLS != nil {
		conn, version, err := d.TLS.Handshake(ctx, c.socket, c.host.Host())
		if err != nil {
			return err
		}
		c.version = version
		c.stream = conn
	}
	if greet == nil {
		return nil
	}
	// What greet reads and writes goes through c, where a Send's ctx ends it; here
	// it is Dial's.
	defer c.Begin(ctx)()
	return greet(c)
}

// Due reports whether c is to be replaced by one like it: it has served its
// lifetime (0: there is none), or the TLS files have changed.
func (d *Dialer) Due(c *Conn, lifetime time.Duration) bool {
	if lifetime > 0 && time.Since(c.made) >= lifetime {
		return true
	}
	return d.TLS != nil && d.TLS.Version() != c.version
}

// Lost says that c broke. If it did so soon, its address and its host are not
// the first to be tried next: something there takes connections and breaks
// them. A connection that served longer is tried again in its old place.
func (d *Dialer) Lost(c *Conn) {
	if time.Since(c.made) < d.ConnectTimeout {
		c.host.Failed(c.addr)
		d.Skip()
	}
}
