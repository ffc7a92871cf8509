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
//
// Files that are no segments count as well, by [Budget.Book]: dead letters,
// quarantined files, directories that nobody opens any more. Nothing here can
// drop those, so beyond half of the cap they no longer count: an old backlog
// that everybody has forgotten must not leave the routes nothing.
type Budget struct {
	max    int64
	used   atomic.Int64 // others included
	others atomic.Int64 // booked
	held   atomic.Int64 // of the rest, kept for members that had nothing

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

// limit is what used may come to: the cap, and what of the others is beyond
// half of it.
func (b *Budget) limit() int64 { return b.max + max(0, b.others.Load()-b.max/2) }

// Book counts n bytes of files that are no segments, or with a negative n that
// they are gone. It is never refused. What is over the cap then the largest
// buffer drops, soon.
func (b *Budget) Book(n int64) {
	b.others.Add(n)
	b.used.Add(n)
	if over := b.used.Load() - b.limit(); n > 0 && over > 0 {
		b.relieve(over)
	}
}

// relieve asks the largest buffer that may drop records to free size bytes.
func (b *Budget) relieve(size int64) {
	if largest := b.largest(nil, 0); largest != nil {
		largest.asked.Store(size)
		largest.kick()
	}
}

// Reserve takes n bytes, or reports false if the cap does not allow it.
func (b *Budget) Reserve(n int64) bool {
	for {
		u := b.used.Load()
		if u+n+b.held.Load() > b.limit() {
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

// largest returns the largest member but m that holds more than most bytes and
// may drop records. It takes the members' locks one at a time.
func (b *Budget) largest(m *Buffer, most int64) (found *Buffer) {
	b.mu.Lock()
	members := append([]*Buffer(nil), b.members...)
	b.mu.Unlock()
	for _, o := range members {
		if d := o.diskNow(); o != m && d > most && o.limits.Load().WhenFull == DropOldest {
			found, most = o, d
		}
	}
	return found
}

// squeeze asks the largest member that is larger than m by more than size to
// free size bytes.
func (b *Budget) squeeze(m *Buffer, size int64) {
	if largest := b.largest(m, m.diskNow()+size); largest != nil {
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
