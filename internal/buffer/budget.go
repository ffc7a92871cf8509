package buffer

import (
	"sync"
	"sync/atomic"
)

// Budget is a cap on bytes that several buffers share. It is safe for
// concurrent use.
//
// A buffer that finds the budget used up drops its own oldest records first.
// One that has none asks the largest of the others to drop some of its own, so
// that a route whose destination is down cannot starve the rest.
type Budget struct {
	max  int64
	used atomic.Int64
	held atomic.Int64 // of the rest, kept for members that had nothing

	mu      sync.Mutex
	members []*Buffer // guarded by mu
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
		if u+n+b.held.Load() > b.max {
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

func (b *Budget) join(m *Buffer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members = append(b.members, m)
}

func (b *Budget) leave(m *Buffer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, o := range b.members {
		if o == m {
			b.members = append(b.members[:i], b.members[i+1:]...)
			return
		}
	}
}

// squeeze asks the largest member that is larger than m by more than size to
// free size bytes. It takes the members' locks one at a time.
func (b *Budget) squeeze(m *Buffer, size int64) {
	b.mu.Lock()
	members := append([]*Buffer(nil), b.members...)
	b.mu.Unlock()
	var largest *Buffer
	most := m.diskNow() + size
	for _, o := range members {
		if d := o.diskNow(); o != m && d > most && o.opt.WhenFull == DropOldest {
			largest, most = o, d
		}
	}
	if largest != nil {
		m.held = size // until m comes back for it: the others are quicker
		b.held.Add(size)
		largest.asked.Store(size)
		largest.kick()
	}
}

// claimHeld ends the hold: what was kept for this buffer may be reserved.
func (b *Buffer) claimHeld() {
	if b.opt.Budget != nil && b.held > 0 {
		b.opt.Budget.held.Add(-b.held)
		b.held = 0
	}
}

func (b *Buffer) diskNow() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disk + b.making
}

// yield frees what another buffer of the budget has asked for.
func (b *Buffer) yield() {
	want := b.asked.Swap(0)
	for start := b.diskNow(); want > 0 && start-b.diskNow() < want; {
		if !b.dropOldest() {
			return
		}
	}
}
