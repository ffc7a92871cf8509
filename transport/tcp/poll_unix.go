//go:build unix

package tcp

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// poller is a read that does not wait: one system call on a socket that is in
// non-blocking mode anyway. A read with a deadline would not do: one in the past
// fails without looking, one in the future waits for it.
type poller struct {
	call func(fd uintptr) bool // made once, as a closure per read would be allocated
	p    []byte
	n    int
	err  error
}

func (r *poller) init() {
	r.call = func(fd uintptr) bool {
		for {
			r.n, r.err = unix.Read(int(fd), r.p)
			if r.err != unix.EINTR {
				return true // never wait for readability
			}
		}
	}
}

func (w *wire) tryRead(p []byte) (int, error) {
	r := &w.poll
	r.p = p
	err := w.raw.Read(r.call)
	r.p = nil
	switch {
	case err != nil:
		return 0, err
	case r.err == unix.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	case r.err != nil:
		return 0, os.NewSyscallError("read", r.err)
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}
