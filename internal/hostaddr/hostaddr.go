// Package hostaddr resolves the host and port of a destination anew for each
// connection, and remembers which of its addresses did not work.
//
// net.Dialer would do both halves, but always in the order that the resolver
// gives: an address that takes connections and breaks them would be the first
// choice every time, beside two that work.
package hostaddr

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrInvalid is wrapped by Parse's errors.
var ErrInvalid = errors.New(`want "host:port"`)

// maxFailed bounds how many addresses are remembered as not working.
const maxFailed = 8

// maxReasons bounds how many addresses' errors one error tells.
const maxReasons = 4

// Name is a host and a port. It is safe for concurrent use.
type Name struct {
	host, port string
	family     string // "ip", "ip4" or "ip6"
	proto      string // "tcp" or "udp", to look up a port's name
	resolver   *net.Resolver

	mu     sync.Mutex
	failed []netip.AddrPort // guarded by mu; the longest ago first
}

// Parse splits addr ("host:port", "1.2.3.4:port", "[::1]:port") without
// resolving it. network is tcp, tcp4, tcp6, udp, udp4 or udp6; the port is a
// number or a service's name. A nil resolver is net.DefaultResolver.
func Parse(network, addr string, resolver *net.Resolver) (*Name, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("address %q: %w", addr, ErrInvalid)
	}
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	proto := strings.TrimRight(network, "46")
	return &Name{host: host, port: port, family: "ip" + network[len(proto):], proto: proto, resolver: resolver}, nil
}

// Host returns the host without the port: the name that a certificate has to
// carry.
func (n *Name) Host() string { return n.host }

// String returns "host:port", as it was parsed.
func (n *Name) String() string { return net.JoinHostPort(n.host, n.port) }

// Lookup resolves the name and returns its addresses in the order in which to
// try them: the resolver's, but those that failed behind the others, the one
// that failed longest ago first. It never returns an empty list without an error.
func (n *Name) Lookup(ctx context.Context) ([]netip.AddrPort, error) {
	port, err := n.resolver.LookupPort(ctx, n.proto, n.port)
	if err != nil {
		return nil, err
	}
	ips, err := n.resolver.LookupNetIP(ctx, n.family, n.host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.SortStableFunc(addrs, func(a, b netip.AddrPort) int {
		return slices.Index(n.failed, a) - slices.Index(n.failed, b) // -1: never failed
	})
	return addrs, nil
}

// Try calls try for one address after the other until it returns nil. Those for
// which it does not have [Name.Failed]. Each gets an equal share of what is left
// of ctx's time, if that is limited, so that one which never answers leaves some
// for the others. The error holds those of the first few addresses.
func (n *Name) Try(ctx context.Context, addrs []netip.AddrPort, try func(ctx context.Context, a netip.AddrPort) error) error {
	var reasons []error
	for i, a := range addrs {
		err := share(ctx, len(addrs)-i, func(ctx context.Context) error { return try(ctx, a) })
		if err == nil {
			return nil
		}
		n.Failed(a)
		if len(reasons) < maxReasons {
			reasons = append(reasons, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(reasons...)
}

// share runs f with one of so many shares of ctx's time.
func share(ctx context.Context, shares int, f func(context.Context) error) error {
	end, limited := ctx.Deadline()
	if !limited {
		return f(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
	defer cancel()
	return f(ctx)
}

// Failed says that a could not be connected to, or broke a connection.
func (n *Name) Failed(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgetLocked(a)
	n.failed = append(n.failed, a)
	if len(n.failed) > maxFailed {
		n.failed = slices.Delete(n.failed, 0, 1)
	}
}

// Worked says that a took what it was sent.
func (n *Name) Worked(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgetLocked(a)
}

func (n *Name) forgetLocked(a netip.AddrPort) {
	if i := slices.Index(n.failed, a); i >= 0 {
		n.failed = slices.Delete(n.failed, i, i+1)
	}
}
