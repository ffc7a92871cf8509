package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// maxShown bounds how many addresses a finding lists.
const maxShown = 4

// Host is one host that a destination may be reached at.
type Host struct {
	Name *hostaddr.Name
	UDP  bool              // there is nothing to connect
	TLS  *tlsconfig.Client // nil: none
	ALPN []string          // what is spoken within TLS, if the server has to agree

	verdict time.Duration // 0: verdictTime; a test waits for as long as it takes
}

// Check takes the steps one after the other, up to the first that fails.
func (h *Host) Check(ctx context.Context) []transport.Finding {
	subject := h.Name.String()
	addrs, named := h.lookup(ctx, subject)
	if named.Verdict != transport.OK {
		return []transport.Finding{named, Skip(Connect, subject, "the name has no address")}
	}
	found := []transport.Finding{named}
	if h.UDP {
		return append(found, Skip(Connect, subject, "datagrams are sent without a connection: nobody says whether they arrive"))
	}
	conn, connected := h.connect(ctx, subject, addrs)
	found = append(found, connected)
	if conn == nil {
		if h.TLS != nil {
			found = append(found, Skip(TLS, subject, "there is no connection"))
		}
		return found
	}
	defer conn.Close()
	if h.TLS == nil {
		return found
	}
	return append(found, h.handshake(ctx, subject, conn)...)
}

func (h *Host) lookup(ctx context.Context, subject string) ([]netip.AddrPort, transport.Finding) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	addrs, err := h.Name.Lookup(ctx)
	if err != nil {
		return nil, Bad(Name, subject, err, nameRemedy(err))
	}
	var shown []string
	for _, a := range addrs {
		shown = append(shown, a.Addr().String())
	}
	if more := len(shown) - maxShown; more > 0 {
		shown = append(shown[:maxShown], fmt.Sprintf("and %d more", more))
	}
	return addrs, Good(Name, subject, "%s", strings.Join(shown, ", "))
}

func nameRemedy(err error) string {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case ok && dns.IsNotFound:
		return "check the spelling and the search domains; in Kubernetes a service of another namespace is name.namespace.svc"
	case ok && dns.IsTimeout || errors.Is(err, context.DeadlineExceeded):
		return "the name server does not answer: check /etc/resolv.conf, and that a network policy allows port 53"
	case ok && dns.IsTemporary:
		return "the name server has a problem: try again, or ask another one"
	default:
		return "check the address and the name server"
	}
}

// connect connects to all addresses at a time, and returns the connection to the
// first of them in the order in which records would take them.
func (h *Host) connect(ctx context.Context, subject string, addrs []netip.AddrPort) (net.Conn, transport.Finding) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	conns, errs := make([]net.Conn, len(addrs)), make([]error, len(addrs))
	var dials sync.WaitGroup
	for i, a := range addrs {
		dials.Go(func() {
			conns[i], errs[i] = new(net.Dialer).DialContext(ctx, "tcp", a.String())
		})
	}
	dials.Wait()
	var first net.Conn
	for _, c := range conns {
		if c != nil && first == nil {
			first = c
		} else if c != nil {
			c.Close()
		}
	}
	return first, connected(subject, first, errs)
}

// connected says how the connections went.
func connected(subject string, first net.Conn, errs []error) transport.Finding {
	var failures []error
	for _, err := range errs {
		if err != nil && len(failures) < maxShown {
			failures = append(failures, err)
		}
	}
	if len(failures) == 0 {
		return Good(Connect, subject, "%s", first.RemoteAddr())
	}
	err := errors.Join(failures...)
	if first == nil {
		return Bad(Connect, subject, oneLine{err}, dialRemedy(err))
	}
	return Warn(Connect, subject, "not all addresses: "+oneLine{err}.Error(), "records take those that work; "+dialRemedy(err))
}

// oneLine is a joined error on one line, as findings are.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", ", ") }
func (e oneLine) Unwrap() error { return e.error }

func dialRemedy(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the port, and that the receiver runs"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to that network: check routes, and whether it needs IPv6"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer: a firewall or a network policy drops packets to this port, or the host is down"
	default:
		return "check host, port and firewalls"
	}
}
