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

// WriteAt implements io.WriterAt. A full disk may show after some bytes: n says
// how many are in the file.
func (o *osFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := o.f.WriteAt(p, off)
	return n, failed("write", o.name, err)
}

// Close implements io.Closer. It waits for no call that is under way, but the
// descriptor stays open until the last of them is back: its number can't be
// given to another file in the middle of one.
func (o *osFile) Close() error { return failed("close", o.name, o.f.Close()) }

// Size implements [File]. It asks each time: another process may have cut the
// file off, and that is worth knowing before mapping it.
func (o *osFile) Size() (int64, error) {
	info, err := o.f.Stat()
	if err != nil {
		return 0, failed("size", o.name, err)
	}
	return info.Size(), nil
}

// Allocate implements [File]. The length is looked at first because Truncate,
// which some systems fall back to, would also make a file shorter.
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

// Sync implements [File].
func (o *osFile) Sync() error { return failed("sync", o.name, syncData(o.f)) }

// Map implements [File]. It does not look at what kind of volume this is: the
// caller has asked for that once, for the directory.
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

// Writeback implements [File].
func (o *osFile) Writeback(off, n int64) error {
	return failed("write back", o.name, advised(writeback(o.f, off, n)))
}

// Evict implements [File]. The kernel leaves dirty pages where they are, so it
// takes a Writeback some time before to get rid of a file's memory.
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
