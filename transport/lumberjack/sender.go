package lumberjack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
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
	socket atomic.Pointer[ackconn.Conn] // conn, for a Close that can't have mu

	mu     sync.Mutex     // held by Send, Probe and Close
	dialer ackconn.Dialer // guarded by mu
	conn   *ackconn.Conn  // guarded by mu; nil while there is none
	window window         // guarded by mu; what conn was sent and has not acknowledged
	packer *packer        // guarded by mu
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
)

// Describe says that a batch is a window and nil the receiver's own answer.
func (t *sender) Describe() transport.Description {
	return transport.Description{MaxRecords: t.dest.Window, Acknowledged: true}
}

// Send delivers recs in a window and returns when all of it is acknowledged.
// See the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.window.left() > 0 && !t.window.resume(recs) {
		t.drop() // the acks to come are for other records than these
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	b := batch{recs: recs, answers: transport.AnswersFor(len(recs)), open: make([]bool, len(recs))}
	for i := range b.open {
		b.open[i] = true
	}
	err := t.deliver(ctx, &b)
	if err != nil {
		return b.unanswered(err)
	}
	t.conn.Worked()
	return b.answers.Err()
}

// batch is what one Send knows of its records.
type batch struct {
	recs    []encode.Record
	answers transport.Answers
	open    []bool // has no answer yet
	heard   bool   // some record has the receiver's
}

// unanswered is what Send returns when it ended with err: records without an
// answer go again, and those alone.
func (b *batch) unanswered(err error) error {
	if !b.heard {
		return err
	}
	for i, open := range b.open {
		if open {
			b.answers.Set(i, err)
		}
	}
	return b.answers.Err()
}

// deliver waits for the window that an earlier Send left, and then sends the
// records behind it.
func (t *sender) deliver(ctx context.Context, b *batch) error {
	resumed := t.window.left()
	if resumed > 0 {
		if err := t.await(b, t.conn.Resume(ctx)); err != nil {
			return err
		}
	}
	if resumed == len(b.recs) {
		return nil
	}
	end := t.conn.Begin(ctx)
	if err := t.post(b, resumed); err != nil {
		end()
		return t.lose(err)
	}
	return t.await(b, end)
}

// post sends the records from that index on as a window.
func (t *sender) post(b *batch, from int) error {
	t.window.reset()
	t.packer.begin()
	for i := from; i < len(b.recs); i++ {
		rec := &b.recs[i]
		if err := t.packer.add(len(t.window.ids)+1, rec); err != nil {
			b.answers.Set(i, transport.Permanent(fmt.Errorf("lumberjack: encode: %w", err)))
			b.open[i] = false
			continue
		}
		t.window.add(rec.ID, i)
	}
	if t.window.left() == 0 {
		return nil
	}
	frames, err := t.packer.end(t.window.left())
	if err == nil {
		_, err = t.conn.Write(frames)
	}
	return err
}

// await reads acks until the window has no event left, and ends the connection's
// use by this Send. If ctx ends it, connection and window stay for the next.
func (t *sender) await(b *batch, end func()) error {
	err := t.acks(b)
	end()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded): // ctx's: a silence that is too long is another error
		return t.failure("send to", err)
	default:
		return t.lose(err)
	}
}

func (t *sender) acks(b *batch) error {
	for t.window.left() > 0 {
		seq, err := readAck(t.conn)
		if err != nil {
			return err
		}
		if err := t.window.take(seq); err != nil {
			return err
		}
		if t.window.news(func(i int) { b.open[i] = false }) > 0 {
			b.heard = true
		}
	}
	return nil
}

// Probe reports whether a receiver would take a Send. It connects if there is no
// connection.
func (t *sender) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil && t.window.left() > 0 {
		return nil // it takes its time, and is there
	}
	if t.conn != nil {
		if err := t.conn.Look(); err != nil {
			return t.lose(err)
		}
	}
	return t.ready(ctx)
}

// ready leaves a connection that was there a moment ago, or returns what Send
// has to return. Whatever is wrong with an idle one, a new one is made at once:
// nothing is unanswered. One that waits for acks is left alone.
func (t *sender) ready(ctx context.Context) error {
	if t.closed.Load() {
		return transport.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if c := t.conn; c != nil && t.window.left() == 0 {
		if drain(c) != nil || c.Check() != nil || t.dialer.Due(c, t.dest.Lifetime) {
			c.Goodbye()
			t.drop()
		}
	}
	if t.conn == nil {
		return t.connect(ctx)
	}
	return nil
}

// connect makes a connection. A Close that can't have the lock sets closed and
// then looks for one; here it is shown and then closed looked at: one of the
// two sees the other.
func (t *sender) connect(ctx context.Context) error {
	c, err := t.dialer.Dial(ctx, nil)
	if err != nil {
		return t.failure("connect to", err)
	}
	t.conn = c
	t.socket.Store(c)
	if t.closed.Load() {
		t.drop()
		return transport.ErrClosed
	}
	return nil
}

// lose drops the broken connection.
func (t *sender) lose(err error) error {
	t.dialer.Lost(t.conn)
	t.drop()
	return t.failure("send to", err)
}

// drop lets go of the connection and of what it has not acknowledged.
func (t *sender) drop() {
	t.conn.Abort()
	t.conn = nil
	t.window.reset()
	t.socket.Store(nil)
}

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("lumberjack: %s %q: %w", operation, strings.Join(t.dest.Addrs, ","), err)
}

// Close closes the connection. The protocol has no farewell: what is not
// acknowledged by now goes again when the route is opened next. A Send that was
// abandoned is cut off.
func (t *sender) Close() error {
	t.closed.Store(true)
	if !t.mu.TryLock() {
		if c := t.socket.Load(); c != nil {
			c.Abort()
		}
		return nil
	}
	defer t.mu.Unlock()
	if t.conn != nil {
		if t.window.left() == 0 {
			t.conn.Goodbye() // to a receiver that takes nothing, TLS's alert would wait for seconds
		}
		t.drop()
	}
	return nil
}
