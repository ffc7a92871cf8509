package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// maxDrain bounds how many reads one probe makes, so that a receiver that talks
// without end cannot hold up a Send: 256 KiB.
const maxDrain = 64

// conn is one connection. It is owned by the stream, under its lock.
type conn struct {
	wire    *wire
	tls     *tls.Conn      // nil without TLS
	stream  io.ReadWriter  // tls, or wire
	addr    netip.AddrPort // zero for a local one
	made    time.Time
	version uint64    // of the TLS files it was made with
	used    time.Time // end of the last Send; zero before
	calm    bool      // all was confirmed a while after that
	torn    bool      // a write has failed after a part of its frames
	scratch [4096]byte
}

// write writes whole frames. What ctx's end interrupts is kept by the wire.
func (c *conn) write(p []byte) error {
	n, err := c.stream.Write(p)
	c.torn = err != nil && n > 0
	return err
}

// probe looks for an end of file, a reset or a TLS alert, and throws away what
// the receiver has sent: unread input would turn our Close into a reset, which
// makes the receiver's kernel discard what it has not handed on.
func (c *conn) probe() error {
	c.wire.polling = true
	defer func() { c.wire.polling = false }()
	for range maxDrain {
		_, err := c.stream.Read(c.scratch[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unsent is how many bytes the receiver's kernel is not known to have.
func (c *conn) unsent() int64 { return int64(len(c.wire.rest) + c.wire.queued()) }

// finish closes the connection in order and reports whether the receiver's end
// of file followed ours, so that it has read everything. One that came before
// ours says nothing of the kind. With TLS it takes the receiver's close_notify:
// a bare end of file may be anybody's.
func (c *conn) finish(ctx context.Context, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer c.wire.begin(ctx)()
	if c.wire.flush() != nil || c.probe() != nil {
		return false
	}
	if c.tls != nil && (c.tls.CloseWrite() != nil || c.wire.interrupted()) {
		return false
	}
	if c.wire.CloseWrite() != nil {
		return false
	}
	end, _ := ctx.Deadline()
	c.wire.SetReadDeadline(end)
	for {
		if _, err := c.stream.Read(c.scratch[:]); err != nil {
			return err == io.EOF
		}
	}
}

// abort drops the connection. With half a frame sent it is a reset, lest the
// receiver takes the half for a record that ended with the file. (Local sockets
// have no such thing; what they carry is read by a syslog daemon of this
// machine, which drops what has no end.)
func (c *conn) abort() {
	if tcp, ok := c.wire.socket.(*net.TCPConn); ok && (c.torn || c.wire.interrupted()) {
		tcp.SetLinger(0)
	}
	c.wire.Close()
}

// dialer makes the sockets.
func (d *Destination) dialer() *net.Dialer {
	dialer := &net.Dialer{Control: d.control, KeepAlive: -1}
	if d.KeepAlive > 0 {
		dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: d.KeepAlive, Interval: d.KeepAlive, Count: 4}
	}
	return dialer
}
