//go:build linux || darwin || freebsd

package vfs

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// osMapping is a mapped file of [OS]. The kernel keeps the file open for it,
// so closing the File first is fine.
type osMapping struct {
	name string

	mu    sync.Mutex
	bytes []byte // guarded by mu: nil once unmapped
}

var _ Mapping = (*osMapping)(nil)

// mapFile maps by golang.org/x/sys, which remembers each mapping by its last byte
// so that Unmap can't end half of one. Its table holds the mappings of the whole
// process under a mutex: one more reason to map in the background.
func mapFile(f *os.File, size int) (Mapping, error) {
	var b []byte
	err := control(f, func(fd int) (err error) {
		b, err = unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		return err
	})
	if err == unix.ENODEV {
		return nil, fmt.Errorf("%w: %w", ErrNotSupported, err)
	}
	if err != nil {
		return nil, err
	}
	return &osMapping{name: f.Name(), bytes: b}, nil
}

// Bytes implements [Mapping]. Callers that keep the slice must not use it after
// Unmap: the memory is gone then, and a load from it is a fault that the runtime
// takes for a broken program.
func (m *osMapping) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}

// Populate implements [Mapping]. Where the kernel has no call for it, pages are
// written one byte each, see [touch]: call it before anybody else stores.
func (m *osMapping) Populate() error {
	b := m.Bytes()
	if b == nil {
		return failed("populate", m.name, os.ErrClosed)
	}
	return failed("populate", m.name, populate(b))
}

// Unmap implements [Mapping]. A second call is os.ErrClosed, never the end of
// somebody else's mapping that has got the same address.
func (m *osMapping) Unmap() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes == nil {
		return failed("unmap", m.name, os.ErrClosed)
	}
	err := unix.Munmap(m.bytes)
	m.bytes = nil
	return failed("unmap", m.name, err)
}

// touch makes every page writable by storing the byte that it holds. It is safe
// only while nobody else stores: a store of another between the load and the
// store here would be undone. A page that the file system can't back is an
// error, not a crash of the process.
func touch(b []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v: %w", r, unix.EIO)
		}
	}()
	for i := 0; i < len(b); i += os.Getpagesize() {
		store(&b[i], b[i])
	}
	return nil
}

// store is a function that is not inlined because the compiler removes the
// store of a value that was just loaded from the same place.
//
//go:noinline
func store(p *byte, v byte) { *p = v }
