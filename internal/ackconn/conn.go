package ackconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
)

// ErrSilent: the receiver neither took nor said anything for the time that it
// is given.
var ErrSilent = errors.New("the receiver did not answer in time")

// errChatty: there was something to read when the receiver had nothing to say.
var errChatty = errors.New("the receiver spoke without being asked")

const (
	// readSize bounds what is read ahead of what the protocol looks at.
	readSize = 4 << 10
	// sliceSize is how much is written under one deadline: a slow receiver has
	// to take this much within Silence, not a whole batch.
	sliceSize = 64 << 10
	// idleAfter is how long a connection is quiet before it is asked whether it
	// is still there. Below, the answer to the next batch tells.
	idleAfter = time.Second
)

// Conn is one connection. It is owned by the Send that runs; only Abort may be
// called beside it.
type Conn struct {
	// In reads what the receiver says, between Begin and its end.
	In *bufio.Reader

	// These do not change once Dial has returned.
	socket  net.Conn
	raw     syscall.RawConn // socket's; nil for one that is no TCP
	stream  net.Conn        // TLS over socket, or socket
	host    *hostaddr.Name
	addr    netip.AddrPort
	silence time.Duration
	version uint64 // of the TLS files it was made with
	made    time.Time

	// Owned by the Send that runs. The context is kept, against custom, because a
	// bufio.Reader hands none on to its source.
	ctx   context.Context // that Send's; Background between two
	heard time.Time       // when the receiver last took or said something
	ended time.Time       // when the last Send ended

	gone atomic.Bool // Abort or Goodbye was called
}

func newConn(socket net.Conn, silence time.Duration) *Conn {
	now := time.Now()
	c := &Conn{socket: socket, stream: socket, silence: silence, made: now, heard: now, ended: now, ctx: context.Background()}
	if tcp, ok := socket.(*net.TCPConn); ok {
		c.raw, _ = tcp.SyscallConn() // fails for a closed one alone
	}
	c.In = bufio.NewReaderSize(reader{c}, readSize)
	return c
}

// Begin makes ctx the one that ends waiting, until the returned func is called.
// With it the receiver's time begins anew.
func (c *Conn) Begin(ctx context.Context) (end func()) {
	c.heard = time.Now()
	return c.use(ctx)
}

// Resume is Begin for a Send that goes on waiting where another one ended: the
// receiver's time goes on, too. That between the two does not count, as nobody
// listened; and what has come by now can be read however little is left.
func (c *Conn) Resume(ctx context.Context) (end func()) {
	const least = 100 * time.Millisecond
	now := time.Now()
	c.heard = c.heard.Add(now.Sub(c.ended))
	if c.heard.Add(c.silence).Before(now.Add(least)) {
		c.heard = now.Add(least - c.silence)
	}
	return c.use(ctx)
}

// use lets ctx's end make whatever waits fail at once, by a deadline that has
// passed: TLS survives that while it reads. Closing the socket, the rejected
// alternative, would cost the answers that a later Send can still read.
func (c *Conn) use(ctx context.Context) (end func()) {
	c.ctx = ctx
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.socket.SetDeadline(time.Unix(1, 0))
		close(done)
	})
	return func() {
		if !stop() {
			<-done // or it would set its deadline while the next Send runs
		}
		c.ctx, c.ended = context.Background(), time.Now()
	}
}

// limit sets the deadline of the next read or write. It counts from the last byte
// in either direction: a receiver that takes bytes without answering, or answers
// without taking more, lives.
func (c *Conn) limit() {
	deadline := c.heard.Add(c.silence)
	if end, ok := c.ctx.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	c.socket.SetDeadline(deadline)
	// Only now: had ctx ended just before, its deadline would have been
	// overwritten with ours. If it ends after this look, it overwrites ours.
	if c.ctx.Err() != nil {
		c.socket.SetDeadline(time.Unix(1, 0))
	}
}

// Write writes p. After an error the connection is of no use any more.
func (c *Conn) Write(p []byte) (written int, err error) {
	for written < len(p) {
		c.limit()
		n, err := c.stream.Write(p[written:min(written+sliceSize, len(p))])
		written += n
		if err != nil {
			return written, c.explain(err)
		}
		c.heard = time.Now()
	}
	return written, nil
}

// reader is the Conn as In sees it.
type reader struct{ c *Conn }

func (r reader) Read(p []byte) (int, error) {
	r.c.limit()
	if r.c.raw != nil {
		_ = r.c.raw.Control(quickAck)
	}
	// No loop around it: bufio asks again when it wants more, and each time the
	// receiver's silence is counted from its last byte.
	n, err := r.c.stream.Read(p)
	if n > 0 {
		r.c.heard = time.Now()
		return n, nil // an error comes again
	}
	return 0, r.c.explain(err)
}

// explain says which of the limits a deadline was.
func (c *Conn) explain(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if end, ok := c.ctx.Deadline(); c.ctx.Err() != nil || ok && !time.Now().Before(end) {
		// The deadline may pass a moment before ctx itself says so.
		return fmt.Errorf("%w: %w", cause(c.ctx), err)
	}
	return ErrSilent
}

// cause is why ctx ends. It may not know yet: its deadline and the socket's are
// the same moment, by two clocks.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return context.DeadlineExceeded
}

// Check looks whether a connection that was quiet for a while is still there,
// between two Sends. It takes a millisecond then, and nothing on a busy
// connection. What the receiver says unasked is an error, too: each protocol
// here has only bad news to say.
func (c *Conn) Check() error {
	if time.Since(c.ended) < idleAfter {
		return nil
	}
	return c.Look()
}

// Look is Check, however short the quiet was. A read, because no more portable
// way tells that the other side is gone: a write does so one write later, when the
// records are lost in the kernel's buffer.
//
// nil is not a promise. On a machine that takes the whole millisecond away from
// this goroutine the socket is not looked at. Then the next Send finds out, and
// fails; to wait longer would cost every Probe that time for the rare one's sake.
func (c *Conn) Look() error {
	if c.In.Buffered() > 0 {
		return errChatty
	}
	var one [1]byte // not of In: what is read here is an error, not an answer
	c.socket.SetDeadline(time.Now().Add(time.Millisecond))
	n, err := c.stream.Read(one[:])
	switch {
	case n > 0:
		return errChatty
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	default:
		return err
	}
}

// Worked says that the receiver has acknowledged something.
func (c *Conn) Worked() { c.host.Worked(c.addr) }

// Abort drops the connection, whatever its state. It may be called by Close
// while a Send is stuck, and more than once.
func (c *Conn) Abort() {
	if !c.gone.Swap(true) {
		c.socket.Close()
	}
}

// Goodbye ends TLS in order and closes the socket, for a connection on which all
// has been said: then the kernel has room for TLS's alert, and nothing waits. On
// one whose receiver has stopped to take bytes it would wait for five seconds,
// crypto/tls's own deadline, which replaces any that is set here; those are for
// Abort.
func (c *Conn) Goodbye() {
	if c.gone.Swap(true) {
		return
	}
	c.stream.Close() // with TLS also the alert; an error changes nothing
	if c.stream != c.socket {
		c.socket.Close()
	}
}
