package tcp

import "golang.org/x/sys/unix"

const queueKnown = true

// queued returns the bytes that the receiver's kernel has not confirmed
// (tcp(7), SIOCOUTQ, which is TIOCOUTQ).
func queued(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.TIOCOUTQ) }
