package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// failed gives an error the form of this package, `vfs: operation "name":
// cause`. The os package's own wrappers are taken off first, because they
// would say operation and name a second time. nil stays nil.
func failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("vfs: %s %q: %w", op, name, cause(err))
}

// unsafeFile says why a path was refused; errors.Is finds [ErrUnsafe].
func unsafeFile(why string) error {
	return fmt.Errorf("%w: %s", ErrUnsafe, why)
}

// cause takes the wrappers of the os package off an error.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return e.Err
	}
	return err
}

// IsFull reports whether err, of this package's operations or injected, says
// that there is no room left on the volume or in a quota.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || systemFull(err)
}
