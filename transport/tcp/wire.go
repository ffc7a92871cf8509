package tcp

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

var (
	// errStalled breaks a connection: see Destination.WriteTimeout.
	errStalled = errors.New("the receiver takes nothing")
	// errInterrupted ends a push whose ctx is done; the connection is fine.
	errInterrupted = errors.New("interrupted")
)

// socket is a TCP connection or a local one.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// wire is the socket below TLS, or below nothing. It adds two things to it.
//
// Writes are never half done as seen from above: when ctx ends in the middle of
// one, what is left is kept in rest and goes first next time. crypto/tls could
// not go on after a Write that timed out, and without TLS a frame cut in two
// would cost the connection. (The rejected alternative, giving the connection
// up, never delivers a batch that takes longer than one SendTimeout.)
//
// Reads can be told not to wait, to look for an end of file before each write
// without a goroutine per connection.
//
// It is owned by the Send (or Close) that runs; nothing here is concurrent, but
// for the deadline that the end of ctx sets.
type wire struct {
	socket
	raw   syscall.RawConn
	stall time.Duration // Destination.WriteTimeout

	ctx      context.Context // of the Send that runs
	rest     []byte          // what an interrupted write left, bounded by one chunk
	progress time.Time       // when a byte was last taken, or nothing was waiting
	open     bool            // the handshake is over: the above applies
	polling  bool            // reads do not wait
	poll     poller
	queue    func(fd uintptr) // made once: sets waiting
	waiting  int              // bytes in the kernel, of the last look
}

func newWire(c socket, stall time.Duration) (*wire, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &wire{socket: c, raw: raw, stall: stall, ctx: context.Background()}
	w.poll.init()
	w.queue = func(fd uintptr) { w.waiting, _ = queued(int(fd)) }
	return w, nil
}

// begin makes ctx the one that ends waiting, until the returned func is called.
func (w *wire) begin(ctx context.Context) (end func()) {
	w.ctx = ctx
	stop := context.AfterFunc(ctx, func() { w.socket.SetWriteDeadline(time.Unix(1, 0)) })
	return func() {
		// If ctx is ending right now, the deadline may yet be set while the
		// next Send runs. push looks at the clock for that reason.
		stop()
		w.ctx = context.Background()
	}
}

// interrupted reports whether a write was left unfinished.
func (w *wire) interrupted() bool { return len(w.rest) > 0 }

// Write writes p, or keeps what can't be written before ctx ends. An error
// means that the connection is broken.
func (w *wire) Write(p []byte) (int, error) {
	if !w.open {
		return w.socket.Write(p)
	}
	if w.interrupted() {
		w.rest = append(w.rest, p...)
		return len(p), nil
	}
	w.progress = time.Now()
	n, err := w.push(p)
	if errors.Is(err, errInterrupted) {
		w.rest = append(w.rest, p[n:]...)
		return len(p), nil
	}
	return n, err
}

// flush writes what an interrupted write left. errInterrupted if it can't be
// done before ctx ends.
func (w *wire) flush() error {
	if !w.interrupted() {
		return nil
	}
	n, err := w.push(w.rest)
	if w.rest = w.rest[:copy(w.rest, w.rest[n:])]; len(w.rest) == 0 {
		w.rest = nil // rare enough not to keep its memory
	}
	return err
}

// push writes p until all of it is taken, ctx is done, or not one byte has been
// taken for stall, counted over several Sends.
func (w *wire) push(p []byte) (written int, err error) {
	for {
		deadline := w.deadline()
		w.socket.SetWriteDeadline(deadline)
		// Only now: had ctx ended just before, its deadline would have been
		// overwritten with ours. If it ends after this look, it overwrites ours.
		if w.ctx.Err() != nil {
			return written, errInterrupted
		}
		n, err := w.socket.Write(p[written:])
		written += n
		now := time.Now()
		if n > 0 {
			w.progress = now
		}
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return written, err
		case w.ctx.Err() != nil || w.past(now) || w.polling:
			return written, errInterrupted
		case now.Sub(w.progress) >= w.stall:
			return written, errStalled
		}
		// Progress, or the deadline of a Send before this one: go on.
	}
}

// deadline is when push looks again. It leaves time for one attempt, as a
// deadline that has passed makes Write fail without trying.
func (w *wire) deadline() time.Time {
	d := w.progress.Add(w.stall)
	if least := time.Now().Add(10 * time.Millisecond); d.Before(least) {
		d = least
	}
	if w.polling {
		// TLS answers a key update while an end of file is looked for. That may
		// happen without a Send whose ctx would bound it.
		d = time.Now().Add(10 * time.Millisecond)
	}
	if end, ok := w.ctx.Deadline(); ok && end.Before(d) {
		d = end
	}
	return d
}

// past reports whether ctx's deadline is over; its Err may say so a moment later.
func (w *wire) past(now time.Time) bool {
	end, ok := w.ctx.Deadline()
	return ok && !now.Before(end)
}

// Read waits for bytes, or does not, if polling. Without bytes it then fails
// with os.ErrDeadlineExceeded, which crypto/tls takes as a reason to try again.
func (w *wire) Read(p []byte) (int, error) {
	if w.polling {
		return w.tryRead(p)
	}
	return w.socket.Read(p)
}

// queued returns how many bytes the receiver's kernel has not confirmed, 0 where
// the system does not tell.
func (w *wire) queued() int {
	w.waiting = 0
	if queueKnown {
		// An error means that the socket is closed; the probe says so, too.
		_ = w.raw.Control(w.queue)
	}
	return w.waiting
}
