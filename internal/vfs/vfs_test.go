package vfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestKindString(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range []Kind{Local, Network, Memory} {
		seen[k.String()] = true
	}
	if len(seen) != 3 {
		t.Errorf("names %v, want 3", seen)
	}
	if Kind(0) != Local {
		t.Error("the zero Kind is not Local")
	}
}

// Callers tell errors apart by errors.Is, through the wrapping of this package
// and without that of package os, which would say the name twice.
func TestFailed(t *testing.T) {
	if failed("open", "x", nil) != nil {
		t.Error("no error became one")
	}
	for _, inner := range []error{
		syscall.ENOENT,
		&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT},
		&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.ENOENT},
		os.NewSyscallError("open", syscall.ENOENT),
	} {
		err := failed("open", "x", inner)
		wantErr(t, err, syscall.ENOENT)
		wantErr(t, err, fs.ErrNotExist)
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			t.Errorf("%v is still wrapped", err)
		}
	}
	wantErr(t, failed("open", "x", unsafeFile("FIFO")), ErrUnsafe)
	if !errors.Is(ErrNotSupported, advised(ErrNotSupported)) || advised(syscall.EOPNOTSUPP) != nil || advised(syscall.EIO) == nil {
		t.Error("advised drops the wrong errors")
	}
}
