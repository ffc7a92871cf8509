package buffer

import "sync/atomic"

// Budget is a cap on bytes that several buffers share. It is safe for
// concurrent use.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget returns a budget of max bytes.
func NewBudget(max int64) *Budget { return &Budget{max: max} }

// Used returns the bytes taken now. After a start that found more than the
// budget on disk it is above the cap until that is drained or dropped.
func (b *Budget) Used() int64 { return b.used.Load() }

// Max returns the cap.
func (b *Budget) Max() int64 { return b.max }

// Reserve takes n bytes, or reports false if the cap does not allow it.
func (b *Budget) Reserve(n int64) bool {
	for {
		u := b.used.Load()
		if u+n > b.max {
			return false
		}
		if b.used.CompareAndSwap(u, u+n) {
			return true
		}
	}
}

// Release gives n bytes back.
func (b *Budget) Release(n int64) { b.used.Add(-n) }

// force takes n bytes whatever the cap says: for files that are there already.
func (b *Budget) force(n int64) { b.used.Add(n) }
