package tcp

import "time"

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
	if unsent == 0 && time.Since(t.conn.used) >= t.quiet {
		t.window.settle()
	}
	return t.window.held()
}
