package vfs

import (
	"maps"
	"math/rand/v2"
)

// cloner copies nodes, each once: a file can be reached by its name now, by its
// name on the disk and by changes that are not on the disk yet.
type cloner map[*crashNode]*crashNode

func (cl cloner) node(n *crashNode) *crashNode {
	if n == nil {
		return nil
	}
	if c, ok := cl[n]; ok {
		return c
	}
	c := &crashNode{id: n.id, links: n.links}
	cl[n] = c // before the entries, which may lead back here
	c.at = cl.slot(n.at)
	if n.isDir() {
		c.entries, c.durable = cl.dir(n.entries), cl.dir(n.durable)
		return c
	}
	c.live = cloneShared(n.live, len(n.live))
	c.synced = cloneShared(n.synced, len(n.synced))
	c.lost = maps.Clone(n.lost) // the sectors in it never change
	return c
}

func (cl cloner) dir(entries map[string]*crashNode) map[string]*crashNode {
	c := make(map[string]*crashNode, len(entries))
	for name, n := range entries {
		c[name] = cl.node(n)
	}
	return c
}

func (cl cloner) slot(s slot) slot { return slot{cl.node(s.dir), s.name} }

func (cl cloner) op(op dirOp) dirOp {
	return dirOp{cl.node(op.node), cl.slot(op.from), cl.slot(op.to)}
}

// powerCut is one power cut: what decides what survives.
type powerCut struct {
	rng    *rand.Rand
	share  int // percent
	sector int // bytes
}

// survives is asked only about what differs from the disk, in an order that
// depends on nothing but the calls before.
func (p *powerCut) survives() bool { return p.rng.IntN(100) < p.share }

// restart makes what is on the disk what there is. The files are cut in the
// order of their age: that of a map is another each time.
func (c *Crash) restart(cut *powerCut) {
	files := make([]*crashNode, c.nodes+1)
	c.root.collect(files)
	for _, n := range files {
		if n != nil {
			cut.file(n)
		}
	}
	c.used = c.root.bytes()
}

// collect takes a directory's entries from the disk and gathers the files, each
// at the index of its id.
func (n *crashNode) collect(files []*crashNode) {
	n.entries = maps.Clone(n.durable)
	for _, e := range n.entries {
		e.links = 1
		if e.isDir() {
			e.collect(files)
		} else {
			files[e.id] = e
		}
	}
}

// file decides over each block of a file that differs from the disk.
func (p *powerCut) file(n *crashNode) {
	size := len(n.synced)
	if len(n.live) < size {
		n.live = n.synced // removed and released: its dirty pages are gone
	}
	if len(n.live) != size && p.survives() {
		size = len(n.live)
	}
	disk := cloneShared(n.synced, size)
	n.live = n.live[:size]
	for off := 0; off < size; off += p.sector {
		end := min(off+p.sector, size)
		if !equalShared(n.live[off:end], disk[off:end]) && p.survives() {
			n.writeBlock(disk, off, end)
		}
	}
	n.live, n.synced, n.lost = disk, cloneShared(disk, size), nil
}

// writeBlock writes what of a block the kernel still held for unwritten. What a
// failed sync took for written never reaches the disk, also with a disk whose
// sectors are pages: the page was clean.
func (n *crashNode) writeBlock(disk []byte, from, to int) {
	for off := from; off < to; off += sectorSize {
		end := min(off+sectorSize, to)
		if now := n.live[off:end]; !n.isLost(off, now) {
			copyShared(disk[off:end], now)
		}
	}
}
