//go:build unix

package udp

import (
	"net"
	"os"
	"syscall"
)

// What the kernel says of a single datagram, rather than of the destination.
const (
	errMessageSize = syscall.EMSGSIZE
	errNoBuffers   = syscall.ENOBUFS
)

// pending returns the error that has come back for an earlier datagram, and
// clears it.
func pending(conn net.Conn) error {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	value := 0
	if e := raw.Control(func(fd uintptr) {
		value, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	}); e != nil {
		return e
	}
	if err == nil && value != 0 {
		err = syscall.Errno(value)
	}
	return os.NewSyscallError("getsockopt", err)
}
