package tcp

import "golang.org/x/sys/unix"

const queueKnown = true

// queued returns the bytes in the socket's send buffer, where they stay until
// the receiver's kernel has confirmed them (SO_NWRITE).
func queued(fd int) (int, error) { return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NWRITE) }
