package httppost

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
)

// maxNames bounds how many hosts are remembered: the URL's own, or the proxies
// that Options.Proxy chooses between.
const maxNames = 8

// names resolves and dials in net.Dialer's place. A Dialer takes the addresses in
// the resolver's order every time: one that takes connections and breaks them, or
// says nothing on them, would be the first choice for ever, beside two that work
// (T29). It races the two address families, which this does not: what a first
// connection to a dead address may cost is its share of ConnectTimeout, once.
type names struct {
	resolver *net.Resolver
	timeout  time.Duration

	mu    sync.Mutex
	known map[string]*hostaddr.Name // guarded by mu; by "host:port"
}

// origin is where a connection leads: kept with it, since by the time that it
// fails the host may be known anew, or resolve to other addresses.
type origin struct {
	name *hostaddr.Name
	addr netip.AddrPort
}

// failed lets the address be tried behind the others next time.
func (o origin) failed() {
	if o.name != nil { // nil: nothing could be connected to
		o.name.Failed(o.addr)
	}
}

// worked gives it its place in the resolver's order back.
func (o origin) worked() {
	if o.name != nil {
		o.name.Worked(o.addr)
	}
}

// dial connects to the first of hostport's addresses that lets it.
func (n *names) dial(ctx context.Context, network, hostport string) (c net.Conn, at origin, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	if at.name, err = n.name(network, hostport); err != nil {
		return nil, at, err
	}
	addrs, err := at.name.Lookup(ctx)
	if err != nil {
		return nil, at, err
	}
	// at.addr is the address tried last; if none worked, the error tells of all and
	// nobody looks at it.
	err = at.name.Try(ctx, addrs, func(ctx context.Context, addr netip.AddrPort) error {
		at.addr = addr
		c, err = new(net.Dialer).DialContext(ctx, network, addr.String())
		return err
	})
	return c, at, err
}

// name returns what is known of a host. When there are too many, all are
// forgotten, which costs an attempt or two at addresses that do not work.
func (n *names) name(network, hostport string) (*hostaddr.Name, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if name := n.known[hostport]; name != nil {
		return name, nil
	}
	name, err := hostaddr.Parse(network, hostport, n.resolver)
	if err != nil {
		return nil, err
	}
	if n.known == nil || len(n.known) >= maxNames {
		n.known = make(map[string]*hostaddr.Name)
	}
	n.known[hostport] = name
	return name, nil
}
