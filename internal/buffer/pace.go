package buffer

import (
	"math/bits"
	"time"
)

// pace decides how large segments are and how many are kept ready. Guarded by
// Buffer.mu.
type pace struct {
	floor    int64 // no segment is smaller, however full the disk is
	min, max int64 // of segments on a disk that has room
	size     int64 // of the next segment
	limit    int64 // of size, while the disk has no room for larger ones
	perSec   int64 // highest recent fill rate, in bytes
	cap      int64
	rotated  bool
	lastFull time.Time
}

const (
	// A segment shall last for fillTime. Not for the runway's 250 ms: memory is
	// the runway and about two segments, so that small segments and more spares
	// serve the same load in less: at 63 MB/s, with segments of 2 and 4 MiB, less
	// than 40 MiB in all.
	fillTime = 64 * time.Millisecond
	slowFill = 5 * time.Second // a quiet time: see rest
	runway   = 250 * time.Millisecond
	smallest = 12 << 10 // of a segment, for records
)

// init is called once. overhead is what header and meta take of a segment.
func (p *pace) init(o *Options, overhead uint64) {
	p.bound(o, overhead)
	p.size, p.limit = p.min, p.max
}

// bound sets the bounds that follow from the caps.
func (p *pace) bound(o *Options, overhead uint64) {
	// At least eight segments under the cap: one active, spares, and something
	// to drop.
	room := o.MaxBytes
	if o.Budget != nil {
		room = min(room, o.Budget.max)
	}
	least := int64(roundUp(int(overhead), pageSize) + smallest)
	most := max(room/8&^(pageSize-1), least)
	p.min = max(min(int64(o.MinSegment), most), least)
	p.floor = max(min(p.min, minSegmentSize), least)
	p.max = max(min(int64(o.MaxSegment), most), p.min)
	p.size, p.limit = max(min(p.size, p.max), p.min), p.max // a disk that is full says so again
	p.cap = room
}

// filled notes that a segment of size bytes was used up in d. The next size
// follows from that rate, and is at most twice what was filled: one short burst
// says little. Doubling and halving by d alone oscillates, because several
// spares of the old size come in between.
func (p *pace) filled(d time.Duration, size int64) {
	rate := int64(float64(size) / max(d.Seconds(), 1e-4))
	p.perSec = max(rate, p.perSec-p.perSec/8)
	p.rotated = true
	p.lastFull = time.Now()
	p.size = max(min(powerOfTwo(rate/int64(time.Second/fillTime)), 2*size, p.limit), min(p.min, p.limit))
}

// powerOfTwo returns the largest power of two that is not above n.
func powerOfTwo(n int64) int64 { return 1 << (bits.Len64(uint64(max(n, 1))) - 1) }

// tight notes that there was no room for a segment of size bytes, and returns
// which size to try instead: half of it, but not less than least, what a record
// waits for; 0: nothing smaller makes sense.
func (p *pace) tight(size, least int64) int64 {
	least = max(least, p.floor)
	if size <= least {
		return 0
	}
	p.limit = max(size/2&^(pageSize-1), least)
	p.size = p.limit
	return p.limit
}

// made notes that there was room for a segment, so that the next may be larger.
// On a disk that stays full each one costs a failed try of twice its size. To
// grow with the segments that are filled would make a runway of the smallest
// ones on a disk that has room again.
func (p *pace) made() {
	p.limit = min(2*p.limit, p.max)
	p.size = max(p.size, min(p.min, p.limit))
}

// enough reports whether n spares of together bytes are: two, and a quarter of
// a second of the peak rate, but not more than an eighth of the cap; one before
// the first rotation, because a route that logs little never needs two. It
// counts bytes, not spares, since sizes change with the load.
func (p *pace) enough(n int, bytes int64) bool {
	if !p.rotated {
		return n >= 1
	}
	return n >= 2 && bytes >= min(p.perSec/int64(time.Second/runway), p.cap/8, 64<<20)
}

// rest forgets the load after a quiet time and reports whether it had one.
func (p *pace) rest(now time.Time) bool {
	if !p.rotated || now.Sub(p.lastFull) < 2*slowFill {
		return false
	}
	p.rotated, p.perSec, p.size, p.limit = false, 0, p.min, p.max
	return true
}
