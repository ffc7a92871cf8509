package journald

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/deadline"
	"github.com/slogship/slogship/transport"
)

// sender is the transport.
type sender struct {
	dest     Destination   // with defaults; never changed
	patience time.Duration // closeWait, but in tests

	mu     sync.Mutex    // held by Send, Held, Probe and Close
	closed bool          // guarded by mu
	conn   *net.UnixConn // guarded by mu; nil if there is none
	failed error         // guarded by mu; the socket is dead, and Send or Probe has yet to say so
	unread unread        // guarded by mu; about conn
	buf    []byte        // guarded by mu; one entry, reused
}

// maxKept is the largest buffer that is kept for the next record.
const maxKept = 256 << 10

func open(d Destination) (transport.Transport, error) {
	return &sender{dest: d, patience: closeWait}, nil
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Holder    = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
)

// Describe returns the defaults: one batch in flight, not acknowledged.
func (t *sender) Describe() transport.Description { return transport.Description{} }

// Send writes an entry for each record. See the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return transport.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	return t.deliver(ctx, recs)
}

// ready leaves a socket that was not known to be dead.
func (t *sender) ready(ctx context.Context) error {
	if t.failed != nil {
		return t.lose(t.failed)
	}
	if t.conn != nil {
		return nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unixgram", t.dest.Socket)
	if err != nil {
		return t.failure("connect to", err)
	}
	t.conn = conn.(*net.UnixConn)
	if err := t.conn.SetWriteBuffer(sendBuffer); err != nil {
		t.drop()
		return t.failure("connect to", err)
	}
	return nil
}

// deliver ends early if ctx is done; what was not written then goes again.
func (t *sender) deliver(ctx context.Context, recs []encode.Record) error {
	defer deadline.Writes(ctx, t.conn)()
	answers := transport.AnswersFor(len(recs))
	before := t.unread.total
	for i := range recs {
		size, err := t.one(&recs[i])
		if err == nil {
			t.unread.add(size)
			continue
		}
		if !passes(err) {
			t.unread.total = before // the batch goes again anyway
			return t.lose(err)
		}
		for ; i < len(recs); i++ {
			answers.Set(i, t.failure("send to", err))
		}
		break
	}
	return answers.Err()
}

// errMemory: no memory file could be made.
var errMemory = errors.New("no memory file")

// passes reports whether err says nothing about the socket: ctx is done, or the
// kernel is short of something.
func passes(err error) bool {
	for _, e := range []error{os.ErrDeadlineExceeded, errMemory, unix.ENOBUFS, unix.ENOMEM, unix.ETOOMANYREFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// one writes a single record: as a datagram, and if the kernel says that it is
// too long for one, as a file. size is what it takes of the socket's buffer.
func (t *sender) one(rec *encode.Record) (size int, err error) {
	if cap(t.buf) > maxKept {
		t.buf = nil
	}
	if t.buf, err = t.dest.Encoder.AppendRecord(t.buf[:0], rec); err != nil {
		return 0, err // this encoder has none
	}
	size, err = t.conn.Write(t.buf)
	if errors.Is(err, unix.EMSGSIZE) {
		return 0, t.file(t.buf)
	}
	return size, err
}

// file passes p as a memory file.
func (t *sender) file(p []byte) error {
	f, err := sealed(p)
	if err != nil {
		return fmt.Errorf("%w: %w", errMemory, err)
	}
	defer f.Close() // the message has its own
	return pass(t.conn, f)
}

// lose drops the dead socket and says what has to go again.
func (t *sender) lose(err error) error {
	err = t.failure("send to", err)
	t.drop()
	if held := t.unread.reset(); held > 0 {
		return transport.Resend(err, held)
	}
	return err
}

func (t *sender) drop() {
	if t.conn != nil {
		t.conn.Close()
	}
	t.conn, t.failed = nil, nil
}

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("journald: %s %q: %w", operation, t.dest.Socket, err)
}

// Held returns how many of the newest records journald may not have written.
func (t *sender) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	return t.unread.held()
}

// look asks the socket, in this order. The queue of a socket whose reader has
// died is empty, as if everything had been read; that it is alive afterwards says
// that the figure was true. (A reader that is only restarted by systemd leaves
// socket and queue as they are.)
func (t *sender) look() {
	if t.conn == nil || t.failed != nil || t.unread.held() == 0 {
		return
	}
	waiting, err := queued(t.conn)
	if err != nil {
		t.failed = err
		return
	}
	if t.failed = ping(t.conn); t.failed == nil {
		t.unread.pass(time.Now(), waiting)
	}
}

// Probe reports whether journald's socket is there. One that has died while
// records were held is an error with Resend, as from Send.
func (t *sender) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return transport.ErrClosed
	}
	if t.conn != nil && t.failed == nil {
		if t.failed = ping(t.conn); t.failed == nil {
			return nil
		}
	}
	if t.failed != nil {
		if err := t.lose(t.failed); transport.Classify(err, 1).Resend > 0 {
			return err
		}
	}
	return t.ready(ctx)
}

// closeWait is how long Close waits for journald to read.
const closeWait = time.Second

// Close waits up to a second until journald has read everything, and closes the
// socket. Held is 0 afterwards if it has. What it has not read is in its queue,
// and read later.
func (t *sender) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.conn != nil && t.failed == nil && t.unread.held() > 0 && t.drained() {
		t.unread.reset()
	}
	t.drop()
	return nil
}

// drained reports whether journald has dealt with all that was sent. It takes one
// datagram after the other, so when it has read one without content that follows
// the last entry, that entry is in the journal.
func (t *sender) drained() bool {
	if ping(t.conn) != nil {
		return false
	}
	late := time.NewTimer(t.patience)
	defer late.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		waiting, err := queued(t.conn)
		if err != nil {
			return false
		}
		if waiting == 0 {
			return ping(t.conn) == nil // as in look: a dead one's queue is empty
		}
		select {
		case <-tick.C:
		case <-late.C:
			return false
		}
	}
}
