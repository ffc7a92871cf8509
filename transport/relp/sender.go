package relp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/transport"
)

// sender is the transport.
type sender struct {
	dest Destination // with defaults; never changed

	closed atomic.Bool
	socket atomic.Pointer[ackconn.Conn] // session's, for a Close that can't have mu

	mu      sync.Mutex     // held by Send, Probe and Close
	dialer  ackconn.Dialer // guarded by mu
	session *session       // guarded by mu; nil while there is none
	sent    []int          // guarded by mu; flight's, reused
	buf     []byte         // guarded by mu; flight's, reused
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
)

// Describe says that nil is the receiver's own answer; the limits of a batch
// are the defaults.
func (t *sender) Describe() transport.Description {
	return transport.Description{Acknowledged: true}
}

// Send delivers recs, a command each, and returns when all are answered. See
// the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ready(ctx); err != nil {
		return err
	}
	f := flight{
		session: t.session, dest: &t.dest, recs: recs, answers: transport.AnswersFor(len(recs)),
		sent: t.sent[:0], buf: t.buf,
	}
	end := t.session.Begin(ctx)
	err := f.run()
	end()
	t.sent, t.buf = f.sent, f.buf
	if err != nil {
		return f.broke(t.lose(err))
	}
	t.session.Worked()
	return f.answers.Err()
}

// Probe reports whether the receiver would take a Send. It opens a session if
// there is none.
func (t *sender) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.session != nil {
		if err := t.session.Look(); err != nil {
			return t.lose(err)
		}
	}
	return t.ready(ctx)
}

// ready leaves a session that was there a moment ago, or returns what Send has
// to return. Whatever is wrong with an idle session, a new one is opened at
// once: nothing is unanswered.
func (t *sender) ready(ctx context.Context) error {
	if t.closed.Load() {
		return transport.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if s := t.session; s != nil {
		if s.Check() != nil {
			t.drop()
		} else if t.dialer.Due(s.Conn, t.dest.Lifetime) {
			s.close(t.dest.CloseTimeout)
			t.drop()
		}
	}
	if t.session == nil {
		return t.connect(ctx)
	}
	return nil
}

// connect opens a session. A Close that can't have the lock sets closed and
// then looks for a connection; here the connection is shown and then closed
// looked at: one of the two sees the other.
func (t *sender) connect(ctx context.Context) error {
	var s *session
	_, err := t.dialer.Dial(ctx, func(c *ackconn.Conn) error {
		s = &session{Conn: c, answers: answers{in: c.In}}
		return s.open()
	})
	if err != nil {
		return t.failure("connect to", err)
	}
	t.session = s
	t.socket.Store(s.Conn)
	if t.closed.Load() {
		t.drop()
		return transport.ErrClosed
	}
	return nil
}

// lose drops the broken session.
func (t *sender) lose(err error) error {
	t.dialer.Lost(t.session.Conn)
	t.drop()
	return t.failure("send to", err)
}

func (t *sender) drop() {
	t.session.Abort()
	t.session = nil
	t.socket.Store(nil)
}

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("relp: %s %q: %w", operation, t.dest.Addr, err)
}

// Close ends the session in order, within CloseTimeout. A Send that was
// abandoned is cut off instead.
func (t *sender) Close() error {
	t.closed.Store(true)
	if !t.mu.TryLock() {
		if c := t.socket.Load(); c != nil {
			c.Abort()
		}
		return nil
	}
	defer t.mu.Unlock()
	if t.session != nil {
		t.session.close(t.dest.CloseTimeout)
		t.drop()
	}
	return nil
}
