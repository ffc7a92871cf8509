package tcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// chunkSize is about how much is written with one system call. Records are
// encoded a chunk at a time: the bytes are still in the CPU's cache when the
// kernel copies them.
const chunkSize = 256 << 10

var (
	errClosed  = transport.ErrClosed
	errRetired = errors.New("the connection's time was up and the receiver did not close its side")
)

// stream is the transport.
type stream struct {
	dest Destination       // with defaults; never changed
	host *hostaddr.Name    // guards itself; nil for a local socket
	tls  *tlsconfig.Client // nil without TLS

	quiet time.Duration // see Held

	closed atomic.Bool
	socket atomic.Pointer[wire] // conn's, for a Close that can't have mu: its Close alone is used

	mu     sync.Mutex // held by Send, Held, Probe and Close
	conn   *conn      // guarded by mu; nil while there is none
	failed error      // guarded by mu; conn is broken, and Send or Probe has yet to say so
	window window     // guarded by mu; about conn
	buf    []byte     // guarded by mu; the chunk, reused
}

var (
	_ transport.Transport = (*stream)(nil)
	_ transport.Holder    = (*stream)(nil)
	_ transport.Prober    = (*stream)(nil)
)

// Describe returns the defaults: one batch in flight, not acknowledged.
func (t *stream) Describe() transport.Description { return transport.Description{} }

// Send writes recs, a frame each. See the package's Errors section.
func (t *stream) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	defer t.conn.wire.begin(ctx)()
	return t.deliver(ctx, recs)
}

// ready leaves a connection that was up a moment ago and has no frame half
// sent, or returns what Send has to return.
func (t *stream) ready(ctx context.Context) error {
	if t.conn != nil {
		err := t.check(ctx)
		if errors.Is(err, errInterrupted) {
			return t.failure("send to", fmt.Errorf("%w: %w", ended(ctx), errSlow))
		}
		if err != nil {
			held := t.window.held()
			if err := t.lose(err); held > 0 {
				return err
			}
			// Nothing is lost, so the batch may go at once.
		}
	}
	if t.conn == nil {
		return t.connect(ctx)
	}
	return nil
}

// errSlow is for a Send whose time went by with the rest of the one before.
var errSlow = errors.New("the receiver has not yet taken what was sent before")

// ended returns why ctx is done, or is about to be: a write may meet the deadline a
// moment before ctx does.
func ended(ctx context.Context) error { return cmp.Or(context.Cause(ctx), context.DeadlineExceeded) }

// check returns why conn cannot be used. It may leave no conn and no error.
func (t *stream) check(ctx context.Context) error {
	if t.failed != nil {
		return t.failed
	}
	if t.due() {
		if !t.conn.finish(ctx, t.dest.CloseTimeout) {
			return errRetired
		}
		t.window.reset()
		t.drop()
		return nil
	}
	return t.goOn(ctx)
}

// goOn sends what the wire keeps and looks whether conn is up.
func (t *stream) goOn(ctx context.Context) error {
	end := t.conn.wire.begin(ctx)
	defer end()
	if err := t.conn.wire.flush(); err != nil {
		return err
	}
	return t.look()
}

// due reports whether conn is to be replaced by one like it: it has served its
// time, or the TLS files have changed.
func (t *stream) due() bool {
	if t.dest.Lifetime > 0 && time.Since(t.conn.made) >= t.dest.Lifetime {
		return true
	}
	return t.tls != nil && t.tls.Version() != t.conn.version
}

// lose drops the broken connection and says what has to go again.
func (t *stream) lose(err error) error {
	err = t.failure("send to", err)
	if t.host != nil && time.Since(t.conn.made) < t.dest.ConnectTimeout {
		// It takes connections and breaks them. One that has served longer is
		// tried again in its old place, before those that did not answer.
		t.host.Failed(t.conn.addr)
	}
	t.drop()
	if held := t.window.reset(); held > 0 {
		return transport.Resend(err, held)
	}
	return err
}

// drop lets go of the connection, whatever its state.
func (t *stream) drop() {
	t.conn.abort()
	t.conn, t.failed = nil, nil
	t.socket.Store(nil)
}

func (t *stream) failure(operation string, err error) error {
	return fmt.Errorf("tcp: %s %q: %w", operation, t.dest.Addr, err)
}

// Probe reports whether the receiver would take a Send. It connects if there is
// no connection. A connection that turns out to be broken while records are
// held is an error with Resend, as from Send: an idle worker that asks from time
// to time need not wait for the next record to send them again. What the wire
// keeps of a Send that ran out of time is sent on: in a group that has gone over
// to another member nobody else would, and it would be held for ever.
func (t *stream) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return errClosed
	}
	if t.conn != nil {
		err := t.failed
		if err == nil {
			err = t.goOn(ctx)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errInterrupted):
			return t.failure("send to", fmt.Errorf("%w: %w", ended(ctx), errSlow))
		}
		t.failed = err
		if err := t.lose(t.failed); transport.Classify(err, 1).Resend > 0 {
			return err
		}
	}
	return t.connect(ctx)
}

// Close closes the connection in order, within CloseTimeout. Held is 0
// afterwards if the receiver has read everything. A Send that was abandoned is
// cut off instead.
func (t *stream) Close() error {
	t.closed.Store(true)
	if !t.mu.TryLock() {
		if socket := t.socket.Load(); socket != nil {
			socket.Close()
		}
		return nil
	}
	defer t.mu.Unlock()
	if t.conn == nil {
		return nil
	}
	if t.failed == nil && t.conn.finish(context.Background(), t.dest.CloseTimeout) {
		t.window.settle()
	}
	t.drop()
	return nil
}
