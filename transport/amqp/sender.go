package amqp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// sender is the transport.
type sender struct {
	dest          Destination // with defaults; never changed
	exchange, key chooser     // never changed

	closed atomic.Bool
	out    atomic.Pointer[outbox] // session's, for a Close that can't have mu

	mu      sync.Mutex         // held by Send, Probe and Close
	hosts   hosts              // guarded by mu
	session *session           // guarded by mu; nil while there is none
	buf     []byte             // guarded by mu; the body of one message
	careful int                // guarded by mu; so many messages are published one at a time, see flight.convict
	second  map[encode.ID]bool // guarded by mu; came back once, see flight.unroutable
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
	_ transport.Client    = (*sender)(nil)
)

// Describe says that nil is the broker's own answer; the limits of a batch are
// the defaults.
func (t *sender) Describe() transport.Description {
	return transport.Description{Acknowledged: true}
}

// ImportPaths names the client library. It logs nothing through slog today.
func (t *sender) ImportPaths() []string { return []string{"github.com/rabbitmq/amqp091-go"} }

// Send publishes recs, a message each, and returns when all are confirmed. See
// the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ready(ctx); err != nil {
		return err
	}
	f := flight{t: t, s: t.session, recs: recs, answers: transport.AnswersFor(len(recs))}
	ended := f.run(ctx)
	defer t.after(ended)
	if ended != nil {
		return f.broke(t.failure("send to", ended))
	}
	t.session.host.Worked(t.session.addr)
	return f.answers.Err()
}

// after drops a session that is over or of no more use. One that merely did not
// answer before ctx ended is kept: its answers are still to come. err is run's,
// not what Send returns: a BatchError does not show what is in it.
func (t *sender) after(err error) {
	switch {
	case errors.Is(err, ErrUnconfirmed):
		t.hosts.skip() // however long it worked before
		t.drop()
	case t.session.state.cause() != nil || t.closed.Load():
		t.hosts.lost(&t.session.line, t.dest.ConnectTimeout)
		t.drop()
	case t.session.stale && len(t.session.pending) == 0:
		t.session.close(t.dest.CloseTimeout)
		t.drop()
	}
}

// Probe reports whether the broker would take a Send: it answers, is not in alarm,
// and the exchanges are there. It connects if there is no connection.
func (t *sender) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ready(ctx); err != nil {
		return err
	}
	if err := t.session.probe(ctx, &t.dest); err != nil {
		if t.session.state.cause() != nil {
			t.drop()
		}
		return t.failure("probe", err)
	}
	return nil
}

// ready leaves a session that was there a moment ago, or returns what Send has to
// return. A session that ended while it was idle is replaced at once: what is
// pending on it goes again, as nobody was told that it was delivered.
func (t *sender) ready(ctx context.Context) error {
	if t.closed.Load() {
		return transport.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if s := t.session; s != nil {
		switch {
		case s.over():
			t.drop()
		case len(s.pending) == 0 && (s.stale || t.hosts.due(&s.line, t.dest.Lifetime)):
			s.close(t.dest.CloseTimeout)
			t.drop()
		}
	}
	if t.session == nil {
		return t.connect(ctx)
	}
	return nil
}

// connect opens a session. A Close that can't have the lock sets closed and then
// looks for a connection; here the connection is shown and then closed looked at:
// one of the two sees the other.
func (t *sender) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.dest.ConnectTimeout)
	defer cancel()
	err := t.hosts.connect(ctx, func(ctx context.Context, l line) (err error) {
		t.session, err = t.dest.open(ctx, l)
		return err
	})
	if err != nil {
		return t.failure("connect to", err)
	}
	t.out.Store(t.session.out)
	if t.second == nil {
		t.second = make(map[encode.ID]bool)
	}
	if t.closed.Load() {
		t.drop()
		return transport.ErrClosed
	}
	return nil
}

func (t *sender) drop() {
	t.session.drop()
	t.session = nil
	t.out.Store(nil)
}

// window is how many messages may be out.
func (t *sender) window() int {
	if t.careful > 0 {
		return 1
	}
	return t.dest.Window
}

// encode returns rec's body, until the next call.
func (t *sender) encode(rec *encode.Record) ([]byte, error) {
	if cap(t.buf) > 4*outboxSize {
		t.buf = nil // one huge record; not worth keeping
	}
	body, err := t.dest.Encoder.AppendRecord(t.buf[:0], rec)
	if err != nil {
		return nil, err
	}
	t.buf = body
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case len(body) > t.dest.MaxMessage:
		return nil, fmt.Errorf("%d bytes: %w", len(body), errLong)
	}
	return body, nil
}

// target is how errors call the destination.
func (d *Destination) target() string { return strconv.Quote(strings.Join(d.Addrs, ",")) }

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("amqp: %s %s: %w", operation, t.dest.target(), err)
}

// Close ends the connection in order, within CloseTimeout. A Send that was
// abandoned is cut off instead.
func (t *sender) Close() error {
	t.closed.Store(true)
	if !t.mu.TryLock() {
		if out := t.out.Load(); out != nil {
			out.Abort()
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
