package vfs

import (
	"fmt"
	"io"
	"syscall"
)

// crashNode is a file or a directory of a [Crash], apart from its names. All
// fields are guarded by Crash.mu, except that the holders of mappings load and
// store the bytes of live.
type crashNode struct {
	id int // by age: the order in which a power cut goes through the files

	// A directory: what it holds now, and on the disk. nil in a file.
	entries, durable map[string]*crashNode

	// A file: its contents now and on the disk. They never get shorter, and
	// what is between length and capacity is zero.
	live, synced []byte
	lost         map[int][]byte // by offset: sectors that a failed sync took for written

	at     slot // the name on the disk
	links  int  // names now: 0 or 1
	opens  int  // open Files
	mapped int  // Mappings
}

// newNode makes a file or a directory that has no name yet.
func (c *Crash) newNode(dir bool) *crashNode {
	c.nodes++
	n := &crashNode{id: c.nodes}
	if dir {
		n.entries, n.durable = map[string]*crashNode{}, map[string]*crashNode{}
	}
	return n
}

func (n *crashNode) isDir() bool { return n.entries != nil }

// bytes is the size of all files under a node.
func (n *crashNode) bytes() int64 {
	sum := int64(len(n.live))
	for _, e := range n.entries {
		sum += e.bytes()
	}
	return sum
}

// release gives a file's room back when nothing holds it any more. A removed
// file that is open or mapped still takes room, as on a real disk. What was
// synced of it is kept, as a power cut may undo the removal.
func (c *Crash) release(n *crashNode) {
	if n.links == 0 && n.opens == 0 && n.mapped == 0 {
		c.used -= int64(len(n.live))
		n.live = nil
	}
}

// grow makes a file at least size bytes long. Memory is doubled, so that a file
// written piece by piece is not copied with each. Room is counted by length, not
// by block: a hole takes as much as data, which is stricter than a disk.
func (c *Crash) grow(n *crashNode, size int) error {
	more := int64(size - len(n.live))
	if more <= 0 {
		return nil
	}
	if c.capacity > 0 && c.used+more > c.capacity {
		return syscall.ENOSPC
	}
	if size > cap(n.live) {
		if n.mapped > 0 {
			// The mapping would go on showing the old memory.
			return fmt.Errorf("%w: growing a mapped file", ErrNotSupported)
		}
		room := cloneShared(n.live, max(size, 2*cap(n.live)))
		n.live = room[:len(n.live)]
	}
	n.live = n.live[:size]
	c.used += more
	return nil
}

// readAt reads what is in the page cache, whether or not it is on the disk.
func (n *crashNode) readAt(p []byte, off int64) (int, error) {
	if off >= int64(len(n.live)) {
		return 0, io.EOF
	}
	copied := copyShared(p, n.live[off:])
	copy(p[:copied], p[:copied]) // moves nothing: shows the race detector that p was written
	if copied < len(p) {
		return copied, io.EOF
	}
	return copied, nil
}

// writeAt writes all or nothing. [Torn] makes the halves.
func (c *Crash) writeAt(n *crashNode, p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.grow(n, int(off)+len(p)); err != nil {
		return 0, err
	}
	return copyShared(n.live[off:], p), nil
}

// sync puts the contents on the disk, except what a failed sync took for
// written.
func (n *crashNode) sync() {
	if len(n.synced) < len(n.live) {
		n.synced = cloneShared(n.synced, len(n.live))
	}
	n.sectors(func(off int, now, disk []byte) {
		if !n.isLost(off, now) {
			copyShared(disk, now)
			delete(n.lost, off)
		}
	})
}

// dropDirty is what is left of a sync that failed: everything that was to be
// written counts as clean from now on and is not on the disk.
func (n *crashNode) dropDirty() {
	if n.lost == nil {
		n.lost = map[int][]byte{}
	}
	if len(n.synced) < len(n.live) {
		// The length stays what it was: only the comparison needs the room.
		old := len(n.synced)
		n.synced = cloneShared(n.synced, len(n.live))
		defer func() { n.synced = n.synced[:old] }()
	}
	n.sectors(func(off int, now, _ []byte) {
		was := make([]byte, len(now))
		copyShared(was, now)
		n.lost[off] = was
	})
}

// isLost says whether a sector holds what a failed sync left unwritten. Once it
// is changed it is dirty again, and the next sync writes it.
func (n *crashNode) isLost(off int, now []byte) bool {
	was, ok := n.lost[off]
	return ok && equalShared(was, now)
}

// sectors calls f for each sector that differs from the disk, in order. Both
// slices are the sector, or the part of it before the end of the file.
func (n *crashNode) sectors(f func(off int, now, disk []byte)) {
	for off := 0; off < len(n.live); off += sectorSize {
		end := min(off+sectorSize, len(n.live))
		if now, disk := n.live[off:end], n.synced[off:end]; !equalShared(now, disk) {
			f(off, now, disk)
		}
	}
}
