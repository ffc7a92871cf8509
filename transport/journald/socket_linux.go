package journald

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// queued returns how many bytes of ours have not been read yet: on a local
// socket what was sent counts against the sender's buffer until then.
func queued(conn *net.UnixConn) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) }); e != nil {
		return 0, e
	}
	return n, os.NewSyscallError("ioctl", err)
}

// ping finds out whether the other end is still open, by a datagram without
// content, which journald passes over. That there is no room for it (EAGAIN) is
// an answer as well: the queue of one that is closed is empty.
func ping(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	e := raw.Control(func(fd uintptr) {
		err = unix.Sendmsg(int(fd), nil, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	switch {
	case e != nil:
		return e
	case err == unix.EAGAIN || err == unix.EINTR || passes(err):
		return nil
	}
	return os.NewSyscallError("sendmsg", err)
}

// sealed returns a memory file that holds p. Nobody can change it any more:
// journald maps such a file, and takes one that could still be cut only from
// where nobody else can write.
func sealed(p []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("slogship", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "memfd")
	if _, err := f.Write(p); err != nil {
		f.Close()
		return nil, err
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return f, nil
}

// pass sends f's descriptor, and waits for room as Write does. (Package net has
// no such call for a datagram socket that is connected.)
func pass(conn *net.UnixConn, f *os.File) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	rights := unix.UnixRights(int(f.Fd()))
	e := raw.Write(func(fd uintptr) bool {
		err = unix.Sendmsg(int(fd), nil, rights, nil, unix.MSG_NOSIGNAL)
		return err != unix.EAGAIN
	})
	if e != nil {
		return e
	}
	return os.NewSyscallError("sendmsg", err)
}
