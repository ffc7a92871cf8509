//go:build unix

package tcp

import (
	"github.com/slogship/slogship/transport"
	"golang.org/x/sys/unix"
)

// Ended reports whether the receiver's end of file, or a reset, is there to be
// read. It does not take it.
func Ended(tr transport.Transport) bool {
	t := tr.(*stream)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn == nil {
		return true
	}
	ended := true // if the socket is closed
	t.conn.wire.raw.Control(func(fd uintptr) {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		ended = err == nil && n == 0 || err != nil && err != unix.EAGAIN && err != unix.EINTR
	})
	return ended
}
