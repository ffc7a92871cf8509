//go:build unix

package console

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// writeFile is f.Write without one thing: when the reader of standard output or
// error has gone, os.File ends the process as if by SIGPIPE, which is right for
// a filter in a pipeline and wrong for a service whose log collector restarts.
// Duplicating the descriptor would avoid that, too, but would not follow a
// program that redirects it later.
func writeFile(f *os.File, b []byte) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = conn.Write(func(fd uintptr) (done bool) {
		for n < len(b) {
			m, err := unix.Write(int(fd), b[n:])
			switch {
			case err == unix.EINTR:
			case err == unix.EAGAIN:
				return false // the runtime waits until it can be written to
			case err != nil:
				failed = &fs.PathError{Op: "write", Path: f.Name(), Err: err}
				return true
			default:
				n += m
			}
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	return n, err
}
