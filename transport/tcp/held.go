package tcp

import (
	"io"
	"time"
)

// defaultQuiet is how long nothing must have been sent before what is held is let go
// on a connection that is up. Where the kernel does not tell whether the
// receiver's kernel has everything, it is longer than those kernels try to send
// (Windows gives up after about 20 s), so that by then the connection would be
// known to be broken.
func defaultQuiet() time.Duration {
	if queueKnown {
		return 10 * time.Second
	}
	return time.Minute
}

// calmAfter is how long after a Send a connection counts as calm.
const calmAfter = time.Second

// Held returns how many of the newest records the receiver may not have read.
// While it is idle, a broken connection is noticed here and told by the next
// Probe or Send.
func (t *stream) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil || t.failed != nil || t.window.held() == 0 {
		return t.window.held()
	}
	// In this order. The queue of a connection that was reset is empty, as if
	// everything had been confirmed; a probe that finds no reset afterwards
	// says that the figure was true.
	unsent := t.conn.unsent()
	if t.failed = t.look(); t.failed != nil {
		return t.window.held()
	}
	t.window.release(unsent)
	idle := time.Since(t.conn.used)
	t.conn.calm = queueKnown && unsent == 0 && idle >= calmAfter
	if unsent == 0 && idle >= t.quiet {
		t.window.settle()
	}
	return t.window.held()
}

// look probes conn.
//
// An end of file on a calm connection lets go of everything. The receiver's
// kernel had confirmed the last byte a while before, and one that closes with
// bytes unread sends a reset instead (RFC 2525 §2.17; Linux and Windows do):
// this is a receiver that closes idle connections. Without this rule one whose
// patience is shorter than quiet would be sent the same records again on each
// connection, and more of them each time. On one that is not calm, an end of
// file may mean that the program died, and what it had just read with it.
func (t *stream) look() error {
	if t.dest.FastOpen && t.conn.used.IsZero() {
		return nil // not connected before its first bytes: reading would fail
	}
	err := t.conn.probe()
	if err == io.EOF && t.conn.calm {
		t.window.settle()
	}
	return err
}
