package vfs

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// slot is a place for a name. dir nil: no place.
type slot struct {
	dir  *crashNode
	name string
}

func (s slot) node() *crashNode {
	if s.dir == nil {
		return nil
	}
	return s.dir.entries[s.name]
}

// dirOp is a change of names that is not on the disk yet: node goes from one
// slot to another. It is a creation without from and a removal without to.
type dirOp struct {
	node     *crashNode
	from, to slot
}

func (op dirOp) touches(dir *crashNode) bool { return op.from.dir == dir || op.to.dir == dir }

// apply makes the change on the disk. It takes the node from wherever the disk
// has it, not from op.from: if an earlier change was lost, that is another
// place, and a file would have two names then.
func (op dirOp) apply() {
	if at := op.node.at; at.dir != nil && at.dir.durable[at.name] == op.node {
		delete(at.dir.durable, at.name)
	}
	op.node.at = op.to
	if op.to.dir != nil {
		op.to.dir.durable[op.to.name] = op.node
	}
}

// change moves a node in the live tree and remembers that the disk has not
// seen it. What had the name before is gone.
func (c *Crash) change(op dirOp) {
	if op.from.dir != nil {
		delete(op.from.dir.entries, op.from.name)
		op.node.links--
	}
	if op.to.dir != nil {
		if old := op.to.node(); old != nil {
			old.links--
			c.release(old)
		}
		op.to.dir.entries[op.to.name] = op.node
		op.node.links++
	}
	c.pending = append(c.pending, op)
	c.release(op.node)
}

// syncDir puts the changes of one directory on the disk, and with each the
// earlier changes of the same file in other directories: a journal has them in
// this order, and an old one that came later would move the file back.
func (c *Crash) syncDir(dir *crashNode) {
	durable := make([]bool, len(c.pending))
	moved := map[*crashNode]bool{}
	for i := len(c.pending) - 1; i >= 0; i-- {
		op := c.pending[i]
		durable[i] = op.touches(dir) || moved[op.node]
		moved[op.node] = durable[i] || moved[op.node]
	}
	var rest []dirOp
	for i, op := range c.pending {
		if durable[i] {
			op.apply()
		} else {
			rest = append(rest, op)
		}
	}
	c.pending = rest
}

// path splits a name into its elements. Relative names are taken as from the
// root.
func path(name string) []string {
	name = filepath.ToSlash(filepath.Clean(name))
	name = strings.TrimPrefix(name, filepath.ToSlash(filepath.VolumeName(name)))
	var elems []string
	for e := range strings.SplitSeq(name, "/") {
		if e != "" && e != "." {
			elems = append(elems, e)
		}
	}
	return elems
}

// walk finds the directory of some elements.
func (c *Crash) walk(elems []string) (*crashNode, error) {
	dir := c.root
	for _, e := range elems {
		next := dir.entries[e]
		if next == nil {
			return nil, syscall.ENOENT
		}
		if !next.isDir() {
			return nil, syscall.ENOTDIR
		}
		dir = next
	}
	return dir, nil
}

// dir finds a directory by name, and refuses a file as [OS] does.
func (c *Crash) dir(name string) (*crashNode, error) {
	s, err := c.slot(name)
	if err != nil {
		return nil, err
	}
	switch n := s.node(); {
	case s.dir == nil:
		return c.root, nil
	case n == nil:
		return nil, syscall.ENOENT
	case !n.isDir():
		return nil, unsafeFile("not a directory")
	default:
		return n, nil
	}
}

// slot finds the place of a name, whose directory must exist. The root has
// none.
func (c *Crash) slot(name string) (slot, error) {
	elems := path(name)
	if len(elems) == 0 {
		return slot{}, nil
	}
	last := len(elems) - 1
	dir, err := c.walk(elems[:last])
	return slot{dir, elems[last]}, err
}

// entrySlot is slot for what must be there: a name that is not the root.
func (c *Crash) entrySlot(name string) (slot, *crashNode, error) {
	s, err := c.slot(name)
	if err != nil {
		return s, nil, err
	}
	n := s.node()
	if n == nil && s.dir == nil {
		return s, nil, syscall.EBUSY
	}
	if n == nil {
		return s, nil, syscall.ENOENT
	}
	return s, n, nil
}

// crashInfo is the fs.FileInfo of a directory entry.
type crashInfo struct {
	name string
	size int64
	dir  bool
}

func (i crashInfo) Name() string { return i.name }
func (i crashInfo) Size() int64  { return i.size }
func (i crashInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}
func (i crashInfo) ModTime() time.Time { return time.Time{} }
func (i crashInfo) IsDir() bool        { return i.dir }
func (i crashInfo) Sys() any           { return nil }
