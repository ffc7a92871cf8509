package amqp

import (
	"net"
	"sync"
	"time"
)

const (
	// outboxSize is how much may wait to be written before no further record is
	// published. One record may exceed it.
	outboxSize = 256 << 10

	// lastWords is how long a connection that is being closed may take over what
	// is still to be written: the answer to the broker's own close.
	lastWords = 250 * time.Millisecond
)

// outbox is a connection whose Write does not wait for the peer: a goroutine
// writes what has come meanwhile.
//
// A broker in alarm stops reading. The client library writes in the caller's
// goroutine and knows no ctx there, so Send would hang in Publish until the
// alarm is over, or would have to break the connection in the middle of a
// message to get out. Here the half-written message stays where it is, Send
// returns, and it goes on when the broker reads again. Gathering small writes
// saves most of their system calls as well.
type outbox struct {
	net.Conn            // TLS over socket, or socket
	socket   net.Conn   // TCP
	guard    guard      // of what is read
	wake     chan token // one: there is something to write, or the end has come
	room     chan token // one: something was written
	done     chan token // closed when the writer has ended

	mu     sync.Mutex
	buf    []byte // guarded by mu; waits to be written
	size   int    // guarded by mu; len(buf) and what is being written
	err    error  // guarded by mu; of the first failed write
	closed bool   // guarded by mu
}

type token = struct{}

// newOutbox starts the writer, which ends after Close or Abort.
func newOutbox(socket, conn net.Conn) *outbox {
	o := &outbox{Conn: conn, socket: socket, wake: make(chan token, 1), room: make(chan token, 1), done: make(chan token)}
	go o.run()
	return o
}

// Write takes p over. Its error is that of an earlier write.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
		return 0, o.err
	case o.closed:
		return 0, net.ErrClosed
	}
	o.buf = append(o.buf, p...)
	o.size += len(p)
	signal(o.wake)
	return len(p), nil
}

// Read reads what the broker says, for the library's reader.
func (o *outbox) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if bad := o.guard.check(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

// full reports whether a further message has to wait until room has a token.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size >= outboxSize && o.err == nil && !o.closed
}

// Close ends the connection when what was written has been sent, within
// lastWords. It does not wait for that: the client library calls it with its
// locks held.
func (o *outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		o.Conn.SetWriteDeadline(time.Now().Add(lastWords))
		signal(o.wake)
	}
	return nil
}

// Abort ends the connection at once.
func (o *outbox) Abort() {
	o.socket.Close()
	o.Close()
}

func (o *outbox) run() {
	defer close(o.done)
	defer o.Conn.Close()
	var spare []byte
	for range o.wake {
		for {
			chunk, closed := o.take(spare)
			if len(chunk) == 0 {
				if closed {
					return
				}
				break
			}
			if _, err := o.Conn.Write(chunk); err != nil {
				o.fail(err)
				return
			}
			o.written(len(chunk))
			spare = chunk
		}
	}
}

// take returns what is to be written, and makes spare the next buffer. When there
// is nothing spare stays with the caller: it must not be both.
func (o *outbox) take(spare []byte) (chunk []byte, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.buf) == 0 {
		return nil, o.closed
	}
	if cap(spare) > 2*outboxSize {
		spare = nil // one huge record; not worth keeping
	}
	chunk, o.buf = o.buf, spare[:0]
	return chunk, o.closed
}

func (o *outbox) written(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= n
	signal(o.room)
}

// fail keeps the error for the next Write. Closing the connection, which run
// does next, wakes the library's reader, and that one everybody else.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err, o.buf, o.size = err, nil, 0
	signal(o.room)
}

// signal leaves a token in a channel with room for one.
func signal(c chan token) {
	select {
	case c <- token{}:
	default:
	}
}
