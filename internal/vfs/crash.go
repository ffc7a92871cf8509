package vfs

import (
	"math/rand/v2"
	"sync"
)

const (
	sectorSize = 512  // what a disk writes whole, or not at all
	pageSize   = 4096 // what the kernel writes back together

	// plenty is the free space of a Crash without a capacity.
	plenty = 1 << 40
)

// Crash is a file system in memory, for tests, that keeps apart what is in the
// page cache and what is on the disk. It can be cloned as a new process finds
// it after this one was killed ([Crash.Kill]), and as a machine may find it
// after a power cut ([Crash.PowerCut]). The same seed and the same calls give
// the same files.
//
// What is modelled, and how strictly:
//   - Contents reach the disk by File.Sync only, in sectors of 512 bytes. What
//     is not synced may survive a power cut or not, each sector for itself.
//   - A length that is not synced may survive without the contents: zeros.
//   - Creations, renames and removals reach the disk by SyncDir of their
//     directory (of either, for a rename from one to another). Others may
//     survive or not, each for itself, but a rename is never half done: that
//     a name is lost while the other is not there yet is left to file systems
//     without a journal.
//   - File.Sync does not make the file's name durable. Most do; POSIX doesn't.
//   - When [Fault] lets a Sync fail, the sectors that were to be written are
//     clean in the page cache and old on the disk, for ever: a later Sync that
//     succeeds does not write them, unless they were changed since. That is
//     what Linux does.
//
// Map gives memory that aliases the file: stores are seen by ReadAt, writes are
// seen in the memory, and Sync takes what is there. The last Unmap fills the
// memory with rubbish, so that a use after it shows.
//
// Not modelled: modes, owners, links, times, and files that get shorter.
//
// All methods are safe for concurrent use, and may run beside stores to mapped
// memory without a report of the race detector. Clones are exact only while
// no one stores: stop the writers first.
type Crash struct {
	mu       sync.Mutex
	rng      *rand.Rand          // guarded by mu, as all below
	root     *crashNode          // the directory "/"
	pending  []dirOp             // not yet on the disk, oldest first
	locks    map[*crashNode]bool // held
	capacity int64               // bytes, 0: no limit
	used     int64               // bytes of all files that have a name or are open
	nodes    int                 // the number of the newest node
	kind     Kind
}

var _ FS = (*Crash)(nil)

// NewCrash makes an empty file system. seed decides what survives a PowerCut
// that is not given a source of its own; print it.
func NewCrash(seed uint64) *Crash {
	c := emptyCrash(rand.New(rand.NewPCG(seed, 0)))
	c.root = c.newNode(true)
	return c
}

// emptyCrash has no root yet.
func emptyCrash(rng *rand.Rand) *Crash {
	return &Crash{rng: rng, locks: map[*crashNode]bool{}}
}

// SetCapacity limits the bytes of all files; 0 takes the limit away. What no
// longer fits fails with syscall.ENOSPC: growing a file by WriteAt or Allocate,
// and at a full disk also making one. Overwriting, renaming and removing need
// no room. A limit below what is used is allowed.
func (c *Crash) SetCapacity(bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.capacity = bytes
}

// SetKind sets what Kind returns, for every directory.
func (c *Crash) SetKind(k Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kind = k
}

// Used returns the bytes that count against the capacity.
func (c *Crash) Used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// Kill returns the file system as the next process finds it if this one is
// killed now: all that was stored and done is there, also what is not synced
// (and is still not synced), and no lock is held. This Crash stays usable by
// whatever of the killed process still runs in the test, and changes nothing
// in the clone.
func (c *Crash) Kill() *Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cloneLocked()
}

// PowerCut returns the file system as it may be when the machine is up again:
// each sector (of the given size, 512 or 4096), length and directory change
// that was not synced survives with a probability of share percent. All that
// is there is on the disk. rng nil uses the source that NewCrash was given the
// seed of. This Crash is left as it is but for that source, so one state can be
// cut often.
func (c *Crash) PowerCut(rng *rand.Rand, share, sector int) *Crash {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rng == nil {
		rng = c.rng
	}
	cut := powerCut{rng: rng, share: share, sector: max(sector, sectorSize)}
	next := c.cloneLocked()
	for _, op := range next.pending {
		if cut.survives() {
			op.apply()
		}
	}
	next.pending = nil
	next.restart(&cut)
	return next
}

// cloneLocked copies everything but handles, mappings and locks. The clone's
// source of chance is seeded from this one's, so that a chain of kills and cuts
// is decided by the first seed, and no two clones go the same way.
func (c *Crash) cloneLocked() *Crash {
	next := emptyCrash(rand.New(rand.NewPCG(c.rng.Uint64(), 0)))
	next.capacity, next.kind, next.nodes = c.capacity, c.kind, c.nodes
	cl := cloner{}
	next.root = cl.node(c.root)
	for _, op := range c.pending {
		next.pending = append(next.pending, cl.op(op))
	}
	next.used = next.root.bytes()
	return next
}
