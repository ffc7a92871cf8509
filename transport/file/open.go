package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// current returns what Path names, opening it if we have it not open yet or
// if someone has put another file there.
func (a *appender) current(ctx context.Context) (fs.FileInfo, error) {
	if a.file != nil && !a.askedToReopen() {
		info, err := os.Lstat(a.Path)
		if err == nil && os.SameFile(info, a.identity) {
			return info, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return a.reopen(ctx)
}

func (a *appender) askedToReopen() bool {
	select {
	case _, ok := <-a.Reopen:
		return ok // a closed channel asks for nothing
	default:
		return false
	}
}

// reopen opens what Path names and takes a shared lock on it, which says to
// other processes: do not compress, remove or cut this, someone writes to it.
//
// Between opening and locking, another process may rotate the file and start
// to compress it. Then either the lock is refused, or Path names another file
// once we have it; both mean: again. With the lock and the name right, whoever
// rotates the file from now on leaves it alone until we let go.
func (a *appender) reopen(ctx context.Context) (fs.FileInfo, error) {
	a.shut()
	if err := os.MkdirAll(filepath.Dir(a.Path), 0o700); err != nil {
		return nil, err
	}
	var info fs.FileInfo
	err := poll(ctx, func() (done bool, err error) {
		f, err := openPlain(a.Path, a.Mode)
		if err != nil {
			return false, err
		}
		if info, err = f.Stat(); err == nil {
			var locked bool
			locked, err = lockShared(f)
			named, lerr := os.Lstat(a.Path)
			if err == nil && locked && lerr == nil && os.SameFile(info, named) {
				a.file, a.identity = f, info
				return true, nil
			}
		}
		f.Close()
		return false, err
	})
	if err == nil && a.Sync && info.Size() == 0 {
		// Else the new name may not survive the machine.
		if err = syncDir(filepath.Dir(a.Path)); err != nil {
			a.shut() // the next Send would find an open file, and not ask again
		}
	}
	return info, err
}

// openPlain opens name for appending and reading back, and makes it if need be.
// It refuses what could lead the records elsewhere, and repairs the mode of
// what is ours.
func openPlain(name string, mode fs.FileMode) (*os.File, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, unsafe(name, info.Mode().Type().String())
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE|noFollow, mode)
	if err != nil {
		return nil, err
	}
	if err := makePlain(f, mode); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// makePlain asks the open file, not its name: between a look at a name and the
// opening of it, another file can take its place. The look before opening is for
// what cannot be opened without harm, such as a pipe that nobody writes to.
func makePlain(f *os.File, mode fs.FileMode) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	dir, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	ours, links := ownership(info)
	switch {
	case !info.Mode().IsRegular():
		return unsafe(f.Name(), info.Mode().Type().String())
	case links > 1:
		return unsafe(f.Name(), fmt.Sprintf("%d hard links", links))
	case !ours && dir.Mode().Perm()&0o022 != 0:
		return unsafe(f.Name(), "another user's, in a directory that others may write to")
	case ours && info.Mode().Perm() != mode:
		return f.Chmod(mode)
	}
	return nil
}

func unsafe(name, what string) error {
	return &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%w: %s", ErrUnsafe, what)}
}

// poll calls try until it is done, fails, or the time is up: another process
// holds what we need for a rename or a stat, hence never for long, but for ever
// if it was stopped in the middle. A last call comes when the time is up: it may be
// this process that did not run meanwhile.
func poll(ctx context.Context, try func() (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockWait)
	defer cancel()
	for late := false; ; {
		if done, err := try(); done || err != nil {
			return err
		}
		if late {
			return errLocked
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			late = true
		}
	}
}

const lockWait = time.Second

var errLocked = errors.New("another process holds the lock and does not let go")
