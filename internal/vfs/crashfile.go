package vfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"syscall"
)

// crashFile is an open file of a [Crash].
type crashFile struct {
	c      *Crash
	n      *crashNode
	name   string // as it was opened, for errors
	closed bool   // guarded by c.mu
}

var _ File = (*crashFile)(nil)

// do runs one operation under the lock, if the file is open and the numbers
// make sense.
func (f *crashFile) do(op string, off, n int64, call func() error) error {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	if f.closed {
		return failed(op, f.name, fs.ErrClosed)
	}
	if off < 0 || n < 0 {
		return failed(op, f.name, syscall.EINVAL)
	}
	return call()
}

func (f *crashFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do("read", off, 0, func() (err error) {
		n, err = f.n.readAt(p, off)
		return err
	})
	return n, err
}

func (f *crashFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.do("write", off, 0, func() (err error) {
		n, err = f.c.writeAt(f.n, p, off)
		return failed("write", f.name, err)
	})
	return n, err
}

// Close does not sync, as close(2) doesn't.
func (f *crashFile) Close() error {
	return f.do("close", 0, 0, func() error {
		f.closed = true
		f.n.opens--
		f.c.release(f.n)
		return nil
	})
}

func (f *crashFile) Size() (size int64, err error) {
	err = f.do("size", 0, 0, func() error {
		size = int64(len(f.n.live))
		return nil
	})
	return size, err
}

func (f *crashFile) Allocate(size int64) error {
	return f.do("allocate", 0, size, func() error {
		return failed("allocate", f.name, f.c.grow(f.n, int(size)))
	})
}

// Sync copies while others store to mapped memory. What they store meanwhile is
// on the disk or not, byte by byte.
func (f *crashFile) Sync() error {
	return f.do("sync", 0, 0, func() error {
		f.n.sync()
		return nil
	})
}

// failSync is what [Fault] calls instead of Sync when it lets one fail.
func (f *crashFile) failSync() {
	f.c.mu.Lock()
	defer f.c.mu.Unlock()
	f.n.dropDirty()
}

// Map gives memory that no other slice can grow into.
func (f *crashFile) Map(size int) (m Mapping, err error) {
	err = f.do("map", 0, int64(size), func() error {
		if size == 0 || size > len(f.n.live) {
			return fmt.Errorf("vfs: map %q: %d bytes of %d: %w", f.name, size, len(f.n.live), syscall.EINVAL)
		}
		f.n.mapped++
		m = &crashMapping{c: f.c, n: f.n, name: f.name, bytes: f.n.live[:size:size]}
		return nil
	})
	return m, err
}

// Writeback promises nothing, so it does nothing: what it starts to write may
// survive a power cut, as any other sector may.
func (f *crashFile) Writeback(off, n int64) error {
	return f.do("write back", off, n, func() error { return nil })
}

func (f *crashFile) Evict(off, n int64) error {
	return f.do("evict", off, n, func() error { return nil })
}

// crashMapping is a mapped file of a [Crash].
type crashMapping struct {
	c     *Crash
	n     *crashNode
	name  string
	bytes []byte // guarded by c.mu: nil once unmapped
}

var _ Mapping = (*crashMapping)(nil)

func (m *crashMapping) Bytes() []byte {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return m.bytes
}

// Populate does nothing, as memory is always there. It changes no contents.
func (m *crashMapping) Populate() error {
	if m.Bytes() == nil {
		return failed("populate", m.name, fs.ErrClosed)
	}
	return nil
}

func (m *crashMapping) Unmap() error {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	if m.bytes == nil {
		return failed("unmap", m.name, fs.ErrClosed)
	}
	m.bytes = nil
	m.n.mapped--
	if m.n.mapped == 0 {
		m.n.spoil()
	}
	m.c.release(m.n)
	return nil
}

// spoil moves a file to other memory and fills the old with rubbish: a real
// mapping is gone after Unmap, and whoever still loads from it or stores to it
// must notice. Unlike all else it is visible to the race detector, which
// reports a late user with both stacks.
func (n *crashNode) spoil() {
	old := n.live
	n.live = cloneShared(old, len(old))
	copy(old, bytes.Repeat([]byte{0xdb}, len(old)))
}
