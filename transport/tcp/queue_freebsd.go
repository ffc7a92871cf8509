package tcp

import "golang.org/x/sys/unix"

const queueKnown = true

// fionwrite is _IOR('f', 119, int) of sys/filio.h, which x/sys does not name.
const fionwrite = 0x40046677

// queued returns the bytes in the socket's send buffer, where they stay until
// the receiver's kernel has confirmed them (FIONWRITE).
func queued(fd int) (int, error) { return unix.IoctlGetInt(fd, fionwrite) }
