//go:build unix

package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	noFollow         = unix.O_NOFOLLOW
	renamesOpenFiles = true
)

// lockShared takes a shared lock that lasts until the file is closed. It never
// waits; false if someone holds it exclusively. Where there are no locks it
// says that it is taken.
func lockShared(f *os.File) (bool, error) {
	locked, err := flock(f, unix.LOCK_SH)
	if errors.Is(err, errors.ErrUnsupported) {
		return true, nil
	}
	return locked, err
}

// lockExclusive takes the lock alone; false if anyone else holds it.
// errors.ErrUnsupported where there are no locks.
func lockExclusive(f *os.File) (bool, error) { return flock(f, unix.LOCK_EX) }

// flock uses flock(2) and not fcntl's record locks: those are the process's, so
// that two transports of one process would not see each other, and closing any
// descriptor of the file would give them up. A child process inherits neither,
// since Go opens files close-on-exec.
func flock(f *os.File, how int) (bool, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	err = conn.Control(func(fd uintptr) {
		for {
			if lockErr = unix.Flock(int(fd), how|unix.LOCK_NB); lockErr != unix.EINTR {
				return
			}
		}
	})
	switch {
	case err != nil:
		return false, err
	case lockErr == nil:
		return true, nil
	case errors.Is(lockErr, unix.EWOULDBLOCK):
		return false, nil
	case errors.Is(lockErr, unix.ENOTSUP), errors.Is(lockErr, unix.EOPNOTSUPP), errors.Is(lockErr, unix.ENOLCK),
		errors.Is(lockErr, unix.ENOSYS), errors.Is(lockErr, unix.EINVAL), errors.Is(lockErr, unix.EBADF):
		// EBADF: flock(2) over NFS is a record lock, and an exclusive one
		// needs a descriptor that can write, which a directory's cannot.
		return false, fmt.Errorf("lock %q: %w", f.Name(), errors.ErrUnsupported)
	}
	return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: lockErr}
}

// syncDir makes what was made and renamed in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// ownership says whether the file is this user's, and how many names it has.
func ownership(info fs.FileInfo) (ours bool, links uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false, 1
	}
	return int(st.Uid) == os.Geteuid(), uint64(st.Nlink)
}
