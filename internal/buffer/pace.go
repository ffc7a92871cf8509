package buffer

import "time"

// pace decides how large segments are and how many are kept ready. Guarded by
// Buffer.mu.
type pace struct {
	min, max int64
	size     int64 // of the next segment
	perSec   int64 // highest recent fill rate, in bytes
	cap      int64
	rotated  bool
	lastFull time.Time
}

const (
	// A segment that filled within fastFill makes the next one twice as large, one
	// that took more than steadyFill half as large. Not the runway's 250 ms:
	// memory is the runway and about two segments, so that small segments and
	// more spares serve the same load in less. At 66 MB/s it settles on 4 or 8 MiB
	// and 30 to 40 MiB of memory; sizes from 250 ms would take 70.
	fastFill   = 60 * time.Millisecond
	steadyFill = 180 * time.Millisecond
	slowFill   = 5 * time.Second // a quiet time: see rest
	runway     = 250 * time.Millisecond
	smallest   = 16 << 10
)

func (p *pace) init(o *Options) {
	// At least eight segments under the cap: one active, spares, and something
	// to drop.
	room := o.MaxBytes
	if o.Budget != nil {
		room = min(room, o.Budget.max)
	}
	most := max(room/8&^(pageSize-1), smallest)
	p.min = min(int64(o.MinSegment), most)
	p.max = min(int64(o.MaxSegment), most)
	p.size = p.min
	p.cap = room
}

// filled notes that a segment of size bytes was used up in d.
func (p *pace) filled(d time.Duration, size int64) {
	rate := int64(float64(size) / max(d.Seconds(), 1e-4))
	p.perSec = max(rate, p.perSec-p.perSec/8)
	p.rotated = true
	p.lastFull = time.Now()
	switch {
	case d < fastFill:
		p.size = min(2*p.size, p.max)
	case d > steadyFill:
		p.size = max(p.size/2&^(pageSize-1), p.min)
	}
}

// failed notes that a segment could not be made: a smaller one may fit.
func (p *pace) failed() { p.size = max(p.size/2&^(pageSize-1), p.min) }

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
	p.rotated, p.perSec, p.size = false, 0, p.min
	return true
}
