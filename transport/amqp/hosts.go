package amqp

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

// hosts are the nodes, and which of them is to be tried first. (internal/ackconn
// has the same rule for connections that it reads and writes itself; here the
// client library does.) The sender's lock guards it.
type hosts struct {
	names []*hostaddr.Name
	tls   *tlsconfig.Client // nil: plain TCP
	next  int               // the first to try, plus 1; 0: none has been chosen
}

// line is a connection before anything was said on it.
type line struct {
	socket  net.Conn // TCP
	conn    net.Conn // TLS over socket, or socket
	host    *hostaddr.Name
	addr    netip.AddrPort
	version uint64 // of the TLS files
	made    time.Time
}

// connect calls greet with a connection to one address after the other, until it
// returns nil. Which host is first is left to chance, so that a fleet of senders
// spreads over them; after a failure it is the next one.
func (h *hosts) connect(ctx context.Context, greet func(context.Context, line) error) error {
	if h.next == 0 {
		h.next = 1 + rand.IntN(len(h.names))
	}
	var reasons []error
	for tried := range h.names {
		err := h.connectHost(ctx, h.names[h.next-1], len(h.names)-tried, greet)
		if err == nil {
			return nil
		}
		reasons = append(reasons, err)
		h.skip()
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(reasons...)
}

func (h *hosts) skip() { h.next = h.next%len(h.names) + 1 }

// connectHost tries the addresses of one host with its share of the time.
func (h *hosts) connectHost(ctx context.Context, host *hostaddr.Name, shares int, greet func(context.Context, line) error) error {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	addrs, err := host.Lookup(ctx)
	if err != nil {
		return err
	}
	return host.Try(ctx, addrs, func(ctx context.Context, addr netip.AddrPort) error {
		l, err := h.dial(ctx, host, addr)
		if err == nil {
			if err = greet(ctx, l); err == nil {
				return nil
			}
		}
		return fmt.Errorf("%v: %w", addr, err)
	})
}

// dial makes a connection and, if it is to be, TLS of it. TCP's own keep-alive
// stays off: AMQP's heartbeats see more.
func (h *hosts) dial(ctx context.Context, host *hostaddr.Name, addr netip.AddrPort) (line, error) {
	dialer := net.Dialer{KeepAlive: -1}
	socket, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return line{}, err
	}
	l := line{socket: socket, conn: socket, host: host, addr: addr, made: time.Now()}
	if h.tls == nil {
		return l, nil
	}
	secured, version, err := h.tls.Handshake(ctx, socket, host.Host())
	if err != nil {
		socket.Close()
		return line{}, err
	}
	l.version = version
	l.conn = secured
	return l, nil
}

// due reports whether l is to be replaced by one like it: it has served its
// lifetime (0: there is none), or the TLS files have changed.
func (h *hosts) due(l *line, lifetime time.Duration) bool {
	if lifetime > 0 && time.Since(l.made) >= lifetime {
		return true
	}
	return h.tls != nil && h.tls.Version() != l.version
}

// lost says that l broke. If it did so soon, its address and its host are not
// the first to be tried next: something there takes connections and breaks them.
func (h *hosts) lost(l *line, soon time.Duration) {
	if time.Since(l.made) < soon {
		l.host.Failed(l.addr)
		h.skip()
	}
}
