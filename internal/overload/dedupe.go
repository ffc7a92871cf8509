package overload

import (
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// MaxRepeat is the size in bytes, of scope, message and attributes together,
// from which records are like no other: of each that is repeated a copy is kept.
const MaxRepeat = 8 << 10

// Record is what of a record is compared.
type Record struct {
	Level   slog.Level
	Scope   string
	Message string
	Attrs   []byte // encoded

	// Like is what is compared in place of Attrs, and Shown what is kept in place
	// of Message, where those must not be kept; nil and "": the same.
	Like  []byte
	Shown string
}

func (r *Record) size() int {
	return len(r.Scope) + max(len(r.Message), len(r.Shown)) + max(len(r.Attrs), len(r.Like))
}

// like is what is compared of the attributes.
func (r *Record) like() []byte {
	if r.Like != nil {
		return r.Like
	}
	return r.Attrs
}

// Repeats are the repeats of one record within one window.
type Repeats struct {
	Record
	Count       uint64
	First, Last time.Time // of the repeats
}

// Dedupe finds records that repeat one of the same window. It is safe for
// concurrent use. Somebody has to call Expire when Due says so, and Close at the
// end: those hand out what was repeated. All windows are of one length, so they
// end in the order in which they began, and the list of them is a queue.
type Dedupe struct {
	window  int64
	seed    maphash.Seed
	pending chan struct{} // capacity 1: there is something that Expire will hand out

	mu     sync.Mutex
	keys   map[uint64]*window // guarded by mu, as all below
	queue  []*window          // a ring: the oldest is at head
	head   int
	live   int       // windows in the ring
	last   int64     // end of the newest
	repeat int       // windows that were repeated in
	free   []*window // to be used again
	closed bool
}

// window is the time after a record in which its like are repeats.
type window struct {
	key     uint64
	end     int64
	repeats Repeats
}

// NewDedupe returns a Dedupe that remembers up to max records, at least 1, for the
// length of a window. The queue has all its room at once: to grow it would be an
// allocation in a log call, at the moment of a flood.
func NewDedupe(length time.Duration, max int) *Dedupe {
	return &Dedupe{
		window: int64(length), seed: maphash.MakeSeed(), pending: make(chan struct{}, 1),
		keys: make(map[uint64]*window), queue: make([]*window, max),
	}
}

// Repeated reports whether r repeats a record of a window that still is; then it
// is counted. Otherwise r opens a window, which may end an older one early, or
// come before Expire did its work: what was repeated in those is returned, and
// the caller ships it before r. It keeps nothing of r but copies.
func (d *Dedupe) Repeated(r *Record, at time.Time, now int64) (repeated bool, ended []*Repeats) {
	if r.size() > MaxRepeat {
		return false, nil
	}
	key := d.hash(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false, nil
	}
	w := d.keys[key]
	if w != nil && now < w.end {
		d.countLocked(w, r, at)
		return true, nil
	}
	switch {
	case w != nil:
		ended = d.endLocked(func(w *window) bool { return w.end <= now })
	case d.live == len(d.queue):
		if r := d.popLocked(); r != nil {
			ended = []*Repeats{r}
		}
	}
	d.openLocked(key, now)
	return false, ended
}

// hash is 64 bits with a random key. Lengths go along, so that no two records
// run into the same bytes.
func (d *Dedupe) hash(r *Record) uint64 {
	parts := [5]uint64{
		uint64(r.Level), uint64(len(r.Scope)), maphash.String(d.seed, r.Scope),
		maphash.String(d.seed, r.Message), maphash.Bytes(d.seed, r.like()),
	}
	return maphash.Comparable(d.seed, parts)
}

func (d *Dedupe) countLocked(w *window, r *Record, at time.Time) {
	s := &w.repeats
	s.Count++
	s.Last = at
	if s.Count > 1 {
		return
	}
	s.First = at
	s.Level = r.Level
	// Copies: a message cut from a request's body would keep all of that.
	s.Scope, s.Message = strings.Clone(r.Scope), strings.Clone(r.Message)
	if r.Like != nil {
		s.Message = strings.Clone(r.Shown)
	}
	s.Attrs = append([]byte(nil), r.Attrs...)
	d.repeat++
	select {
	case d.pending <- struct{}{}:
	default:
	}
}

// openLocked puts a window at the end of the queue, which has room. It ends no
// earlier than the one before it, although callers may be late against each
// other.
func (d *Dedupe) openLocked(key uint64, now int64) {
	var w *window
	if n := len(d.free); n > 0 {
		w, d.free = d.free[n-1], d.free[:n-1]
	} else {
		w = new(window)
	}
	d.last = max(d.last, now+d.window)
	*w = window{key: key, end: d.last}
	d.queue[(d.head+d.live)%len(d.queue)] = w
	d.live++
	d.keys[key] = w
}

// popLocked ends the oldest window, and returns its repeats if there were any.
func (d *Dedupe) popLocked() *Repeats {
	w := d.queue[d.head]
	d.queue[d.head] = nil
	d.head = (d.head + 1) % len(d.queue)
	d.live--
	delete(d.keys, w.key)
	d.free = append(d.free, w)
	if w.repeats.Count == 0 {
		return nil
	}
	r := w.repeats
	w.repeats = Repeats{} // free windows hold no records
	d.repeat--
	return &r
}

// Pending is sent on when there is something that Due tells the time of.
func (d *Dedupe) Pending() <-chan struct{} { return d.pending }

// Due returns when the oldest window ends, if one was repeated in; until then
// nobody has to call Expire.
func (d *Dedupe) Due() (at int64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.repeat == 0 || d.live == 0 {
		return 0, false
	}
	return d.queue[d.head].end, true
}

// Expire ends the windows whose time is over and returns the repeats in them,
// the oldest window's first.
func (d *Dedupe) Expire(now int64) []*Repeats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.endLocked(func(w *window) bool { return w.end <= now })
}

// Close ends all windows. What comes later is no repeat.
func (d *Dedupe) Close() []*Repeats {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.endLocked(func(*window) bool { return true })
}

func (d *Dedupe) endLocked(over func(*window) bool) (ended []*Repeats) {
	for d.live > 0 && over(d.queue[d.head]) {
		if r := d.popLocked(); r != nil {
			ended = append(ended, r)
		}
	}
	return ended
}
