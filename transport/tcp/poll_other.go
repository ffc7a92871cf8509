//go:build !unix

package tcp

import "time"

// poller has no state where sockets can't be read without waiting.
type poller struct{}

func (*poller) init() {}

// tryRead waits a millisecond, the shortest that makes Read look at the socket
// at all: a deadline in the past fails without looking.
func (w *wire) tryRead(p []byte) (int, error) {
	w.socket.SetReadDeadline(time.Now().Add(time.Millisecond))
	defer w.socket.SetReadDeadline(time.Time{})
	return w.socket.Read(p)
}
