package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/transport"
)

const (
	// noBroker is Kafka's id for none.
	noBroker = -1
	// shunned is how long a broker that could not be reached is passed by where
	// another will do: metadata name it as leader until the controller has
	// missed it, 9 s by default.
	shunned = 5 * time.Second
)

// broker is one of the cluster, or the seed: whichever of Destination.Brokers
// answers. It is guarded by the sender's lock.
type broker struct {
	id     int32
	addr   string // for errors
	dialer ackconn.Dialer
	conn   *conn     // nil while there is none
	failed time.Time // when it could not be reached; zero since it could
}

// reachable reports whether b is worth trying where another would do.
func (b *broker) reachable() bool { return b.failed.IsZero() || time.Since(b.failed) > shunned }

// conns are the sockets that are open, for a Close that can't have the sender's
// lock.
type conns struct {
	mu     sync.Mutex
	open   map[*ackconn.Conn]struct{} // guarded by mu
	closed bool                       // guarded by mu
}

// add reports false if the transport is closed.
func (cs *conns) add(c *ackconn.Conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = make(map[*ackconn.Conn]struct{})
	}
	cs.open[c] = struct{}{}
	return !cs.closed
}

func (cs *conns) remove(c *ackconn.Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, c)
}

func (cs *conns) isClosed() bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.closed
}

// abort closes all of them, now and those to come.
func (cs *conns) abort() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.closed = true
	for c := range cs.open {
		c.Abort()
	}
}

// prepare gives b's dialer what all have in common.
func (c *cluster) prepare(b *broker) {
	d := c.dest
	b.dialer.TLS, b.dialer.ConnectTimeout, b.dialer.Silence, b.dialer.KeepAlive = c.tls, d.ConnectTimeout, d.AnswerTimeout, d.KeepAlive
}

// connect leaves b with a connection that was there a moment ago. Whatever is
// wrong with an idle one, a new one is opened at once: nothing is unanswered.
func (c *cluster) connect(ctx context.Context, b *broker) error {
	if b.conn != nil && !c.fit(b) {
		c.drop(b)
	}
	if b.conn != nil {
		return nil
	}
	var made *conn
	_, err := b.dialer.Dial(ctx, func(socket *ackconn.Conn) error {
		made = &conn{Conn: socket, client: c.dest.ClientID, used: time.Now()}
		if !c.conns.add(socket) {
			return transport.ErrClosed
		}
		err := made.greet(ctx, c.dest)
		if err != nil {
			c.conns.remove(socket)
		}
		return err
	})
	if err != nil {
		b.failed = time.Now()
		return fmt.Errorf("connect to %q: %w", b.addr, err)
	}
	b.conn, b.failed = made, time.Time{}
	return nil
}

// fit reports whether b's connection is to be used again.
func (c *cluster) fit(b *broker) bool {
	k := b.conn
	switch {
	case time.Since(k.used) > c.dest.IdleTimeout, !k.expires.IsZero() && time.Now().After(k.expires):
		return false
	case b.dialer.Due(k.Conn, 0):
		return false
	}
	return k.Check() == nil
}

// drop closes b's connection.
func (c *cluster) drop(b *broker) {
	if b.conn != nil {
		b.conn.Goodbye()
		c.conns.remove(b.conn.Conn)
		b.conn = nil
	}
}

// lose drops b's connection, which broke.
func (c *cluster) lose(b *broker) {
	if b.conn == nil {
		return
	}
	b.dialer.Lost(b.conn.Conn)
	b.conn.Abort()
	c.conns.remove(b.conn.Conn)
	b.conn = nil
}

// with runs f on b's connection. An error that is not the broker's answer ends
// the connection.
func (c *cluster) with(ctx context.Context, b *broker, f func(*conn) error) error {
	if err := c.connect(ctx, b); err != nil {
		return err
	}
	end := b.conn.Begin(ctx)
	err := f(b.conn)
	end()
	if err != nil && !refused(err) {
		c.lose(b)
		return fmt.Errorf("ask %q: %w", b.addr, err)
	}
	if b.conn != nil && err == nil {
		b.conn.Worked()
	}
	return err
}
