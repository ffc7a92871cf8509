package vfs

import (
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

// MkdirAll implements [FS]. Each new directory is an unsynced entry of its
// parent.
func (c *Crash) MkdirAll(dir string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.root
	for _, e := range path(dir) {
		next := at.entries[e]
		if next == nil {
			if err := c.room(); err != nil {
				return failed("make directory", dir, err)
			}
			next = c.newNode(true)
			c.change(dirOp{node: next, to: slot{at, e}})
		}
		if !next.isDir() {
			return failed("make directory", dir, unsafeFile("not a directory"))
		}
		at = next
	}
	return nil
}

// room says whether there is room for a new name.
func (c *Crash) room() error {
	if c.capacity > 0 && c.used >= c.capacity {
		return syscall.ENOSPC
	}
	return nil
}

// Create implements [FS]. The file is empty and its name is not on the disk.
func (c *Crash) Create(name string) (File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.create(name)
	if err != nil {
		return nil, failed("create", name, err)
	}
	return c.open(n, name), nil
}

func (c *Crash) create(name string) (*crashNode, error) {
	s, err := c.slot(name)
	if err != nil {
		return nil, err
	}
	if s.dir == nil || s.node() != nil {
		return nil, syscall.EEXIST
	}
	if err := c.room(); err != nil {
		return nil, err
	}
	n := c.newNode(false)
	c.change(dirOp{node: n, to: s})
	return n, nil
}

// Open implements [FS].
func (c *Crash) Open(name string) (File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.find(name)
	if err != nil {
		return nil, failed("open", name, err)
	}
	return c.open(n, name), nil
}

// find is open's look at what has a name.
func (c *Crash) find(name string) (*crashNode, error) {
	s, err := c.slot(name)
	if err != nil {
		return nil, err
	}
	switch n := s.node(); {
	case s.dir == nil:
		return nil, unsafeFile("not a regular file")
	case n == nil:
		return nil, syscall.ENOENT
	case n.isDir():
		return nil, unsafeFile("not a regular file")
	default:
		return n, nil
	}
}

func (c *Crash) open(n *crashNode, name string) *crashFile {
	n.opens++
	return &crashFile{c: c, n: n, name: name}
}

// Remove implements [FS]. A file that is open or mapped lives on without a
// name.
func (c *Crash) Remove(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, n, err := c.entrySlot(name)
	if err == nil && len(n.entries) > 0 {
		err = syscall.ENOTEMPTY
	}
	if err != nil {
		return failed("remove", name, err)
	}
	c.change(dirOp{node: n, from: s})
	return nil
}

// Rename implements [FS]. It needs no room, as on file systems that keep some
// for it, and replaces a file in one step.
func (c *Crash) Rename(from, to string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return failed("rename", from, c.rename(from, to))
}

func (c *Crash) rename(from, to string) error {
	if _, err := c.slot(from); err != nil {
		return err
	}
	dst, err := c.slot(to) // both directories first, as the kernel does
	if err != nil {
		return err
	}
	src, n, err := c.entrySlot(from)
	if err != nil {
		return err
	}
	old := dst.node()
	switch {
	case dst.dir == nil:
		return syscall.EBUSY
	case old != nil && old.isDir():
		return syscall.EEXIST // an empty one too: os.Rename refuses it
	case old == n:
		return nil
	case n.isDir() && n.holds(dst.dir):
		return syscall.EINVAL
	case old != nil && n.isDir():
		return syscall.ENOTDIR
	}
	c.change(dirOp{node: n, from: src, to: dst})
	return nil
}

// holds says whether a directory is dir, or has it somewhere below.
func (n *crashNode) holds(dir *crashNode) bool {
	if n == dir {
		return true
	}
	for _, e := range n.entries {
		if e.isDir() && e.holds(dir) {
			return true
		}
	}
	return false
}

// ReadDir implements [FS]. Entries are sorted by name.
func (c *Crash) ReadDir(dir string) ([]fs.DirEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.dir(dir)
	if err != nil {
		return nil, failed("read directory", dir, err)
	}
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(d.entries)) {
		n := d.entries[name]
		entries = append(entries, fs.FileInfoToDirEntry(crashInfo{name, int64(len(n.live)), n.isDir()}))
	}
	return entries, nil
}

// SyncDir implements [FS].
func (c *Crash) SyncDir(dir string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.dir(dir)
	if err != nil {
		return failed("sync directory", dir, err)
	}
	c.syncDir(d)
	return nil
}

// Lock implements [FS]. The lock is the file's, not the name's: as with [OS],
// removing the file lets the next Lock make another.
func (c *Crash) Lock(name string) (io.Closer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.find(name)
	if err == syscall.ENOENT {
		n, err = c.create(name)
	}
	if err == nil && c.locks[n] {
		err = ErrLocked
	}
	if err != nil {
		return nil, failed("lock", name, err)
	}
	c.locks[n] = true
	return &crashLock{c.open(n, name)}, nil
}

// crashLock is a held lock.
type crashLock struct{ f *crashFile }

// Close lets go once: a second call must not take the lock away from whoever has
// it by then.
func (l *crashLock) Close() error {
	l.f.c.mu.Lock()
	if !l.f.closed {
		delete(l.f.c.locks, l.f.n)
	}
	l.f.c.mu.Unlock()
	return l.f.Close()
}

// Space implements [FS]; see [Crash.SetCapacity].
func (c *Crash) Space(dir string) (Space, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.dir(dir); err != nil {
		return Space{}, failed("volume space", dir, err)
	}
	if c.capacity <= 0 {
		return Space{Free: plenty, Size: plenty}, nil
	}
	return Space{Free: max(c.capacity-c.used, 0), Size: c.capacity}, nil
}

// Kind implements [FS]; see [Crash.SetKind].
func (c *Crash) Kind(dir string) (Kind, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.dir(dir)
	return c.kind, failed("volume kind", dir, err)
}
