package tcp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// connect resolves the name and makes a connection to the first address that
// lets it, TLS handshake included.
func (t *stream) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.dest.ConnectTimeout)
	defer cancel()
	if t.host == nil {
		c, err := t.try(ctx, t.dest.Addr)
		if err != nil {
			return t.failure("connect to", err)
		}
		return t.adopt(c)
	}
	addrs, err := t.host.Lookup(ctx)
	if err != nil {
		return t.failure("resolve", err)
	}
	var c *conn
	err = t.host.Try(ctx, addrs, func(ctx context.Context, addr netip.AddrPort) error {
		if c, err = t.try(ctx, addr.String()); err == nil {
			c.addr = addr
		}
		return err
	})
	if err != nil {
		return t.failure("connect to", err)
	}
	return t.adopt(c)
}

func (t *stream) try(ctx context.Context, addr string) (*conn, error) {
	raw, err := t.dest.dialer().DialContext(ctx, t.dest.Network, addr)
	if err != nil {
		return nil, err
	}
	c, err := t.setup(ctx, raw.(socket))
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("%v: %w", addr, err)
	}
	return c, nil
}

// setup makes a connection of a socket.
func (t *stream) setup(ctx context.Context, raw socket) (*conn, error) {
	if tcp, ok := raw.(*net.TCPConn); ok && t.dest.Nagle {
		if err := tcp.SetNoDelay(false); err != nil {
			return nil, err
		}
	}
	w, err := newWire(raw, t.dest.WriteTimeout)
	if err != nil {
		return nil, err
	}
	c := &conn{wire: w, stream: w, made: time.Now()}
	if t.tls != nil {
		if err := c.handshake(ctx, t); err != nil {
			return nil, err
		}
	}
	w.open = true
	return c, nil
}

func (c *conn) handshake(ctx context.Context, t *stream) error {
	var err error
	if c.tls, c.version, err = t.tls.Handshake(ctx, c.wire, t.host.Host()); err != nil {
		return err
	}
	c.stream = c.tls
	return nil
}

// adopt makes c the connection, unless Close has been called meanwhile. Close
// sets closed and then looks for a socket; here the socket is shown and then
// closed looked at: one of the two sees the other.
func (t *stream) adopt(c *conn) error {
	t.conn = c
	t.socket.Store(c.wire)
	if t.closed.Load() {
		t.drop()
		return errClosed
	}
	return nil
}

// control runs before the socket connects.
func (d *Destination) control(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		if err = d.setBuffers(fd); err == nil && d.Network != "unix" {
			err = d.setPlatform(int(fd))
		}
	}); e != nil {
		return e
	}
	return os.NewSyscallError("setsockopt", err)
}
