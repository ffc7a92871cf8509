package vfs

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// osFile is an open file of [OS]. It is immutable; os.File keeps concurrent
// Close and other calls apart.
type osFile struct {
	f    *os.File
	name string // as it was opened, for errors
}

var _ File = (*osFile)(nil)

// ReadAt implements io.ReaderAt. io.EOF comes through unwrapped, as readers
// compare it.
func (o *osFile) ReadAt(p []byte, off int64) (int, error) { return o.f.ReadAt(p, off) }

func (o *osFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := o.f.WriteAt(p, off)
	return n, failed("write", o.name, err)
}

func (o *osFile) Close() error { return failed("close", o.name, o.f.Close()) }

func (o *osFile) Size() (int64, error) {
	info, err := o.f.Stat()
	if err != nil {
		return 0, failed("size", o.name, err)
	}
	return info.Size(), nil
}

func (o *osFile) Allocate(size int64) error {
	now, err := o.Size()
	if err != nil {
		return err
	}
	if size <= now {
		return nil
	}
	return failed("allocate", o.name, allocate(o.f, now, size))
}

func (o *osFile) Sync() error { return failed("sync", o.name, syncData(o.f)) }

func (o *osFile) Map(size int) (Mapping, error) {
	now, err := o.Size()
	if err != nil {
		return nil, err
	}
	if size <= 0 || int64(size) > now {
		// A store past the end of the file would be a SIGBUS.
		return nil, fmt.Errorf("vfs: map %q: %d bytes of %d: %w", o.name, size, now, syscall.EINVAL)
	}
	m, err := mapFile(o.f, size)
	if err != nil {
		return nil, failed("map", o.name, err)
	}
	return m, nil
}

func (o *osFile) Writeback(off, n int64) error {
	return failed("write back", o.name, advised(writeback(o.f, off, n)))
}

func (o *osFile) Evict(off, n int64) error {
	return failed("evict", o.name, advised(evict(o.f, off, n)))
}

// advised drops the errors that only say that there is no such call here.
func advised(err error) error {
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
