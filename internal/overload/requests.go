package overload

import "sync"

// Key says to what request a record belongs: Request, if that is set, or else
// Trace. The zero Key is none.
type Key struct {
	Request *Request
	Trace   [16]byte
}

// Request is a request that somebody has begun and will end. It is safe for
// concurrent use.
type Request struct {
	mu     sync.Mutex
	ended  bool        // guarded by mu, as below
	tables []*Requests // that may keep records of it
}

// End says that the request is over: what is kept of it goes, and nothing more
// is kept.
func (r *Request) End() {
	r.mu.Lock()
	r.ended = true
	tables := r.tables
	r.tables = nil
	r.mu.Unlock()
	// Not under mu: join is called with the table's lock held. Whoever joined
	// before is in tables; its record is there before we get the table's lock.
	for _, t := range tables {
		t.forget(Key{Request: r})
	}
}

// join notes that t keeps records of r; false: it must not, r has ended.
func (r *Request) join(t *Requests) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	for _, other := range r.tables {
		if other == t {
			return true // forgotten for room, and back
		}
	}
	r.tables = append(r.tables, t)
	return true
}

// Requests keeps the records of a bounded number of requests until one of them
// is triggered. It is safe for concurrent use.
//
// One lock guards all: what is done under it is a look-up and a copy of a few
// hundred bytes.
type Requests struct {
	maxRecords, maxBytes, maxRequests int
	pool                              sync.Pool // of *request

	mu      sync.Mutex
	all     map[Key]*request // guarded by mu, as all below
	list    request          // all of them in a circle, the one quiet for longest first
	closed  bool
	figures Figures
}

// Figures are what Requests counts in records: since it was made, but for Kept.
type Figures struct {
	Kept    int    // now
	Evicted uint64 // gone for room
	Shipped uint64 // handed out
}

// request is what is kept of one.
type request struct {
	key        Key
	prev, next *request
	kept       ring
	follow     int // records that are shipped as they come, after a trigger
}

// NewRequests returns a Requests with its bounds; maxRecords and maxBytes, with
// keptHeader for each record, are for each request. All are at least 1.
func NewRequests(maxRecords, maxBytes, maxRequests int) *Requests {
	t := &Requests{
		maxRecords: maxRecords, maxBytes: maxBytes, maxRequests: maxRequests,
		all: make(map[Key]*request),
	}
	t.pool.New = func() any { return new(request) }
	t.list.prev, t.list.next = &t.list, &t.list
	return t
}

// Keep keeps a copy of k for the request, unless one of its records was a trigger
// just before: then it returns true, and the caller ships k.
func (t *Requests) Keep(key Key, k *Kept) (ship bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.findLocked(key)
	switch {
	case r == nil:
		return false // the request has ended: nobody will ask for it
	case r.follow > 0:
		r.follow--
		t.figures.Shipped++
		return true
	case keptHeader+len(k.Payload) > t.maxBytes:
		t.figures.Evicted++
		return false
	}
	evicted := r.kept.push(k, t.maxBytes, t.maxRecords)
	t.figures.Evicted += uint64(evicted)
	t.figures.Kept += 1 - evicted
	return false
}

// Trigger calls ship for each record that is kept of the request, in the order
// in which they came, and lets through what comes next. ship keeps nothing of
// its argument. It is called without a lock: it may take its time, and log.
func (t *Requests) Trigger(key Key, ship func(k *Kept)) {
	taken := t.take(key)
	if taken == nil {
		return
	}
	taken.kept.each(ship)
	t.free(taken)
}

// take takes what is kept of a request away from it.
func (t *Requests) take(key Key) *request {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.findLocked(key)
	if r == nil {
		return nil
	}
	r.follow = t.maxRecords
	n := r.kept.records
	if n == 0 {
		return nil
	}
	taken := t.pool.Get().(*request)
	taken.kept, r.kept = r.kept, taken.kept
	t.figures.Kept -= n
	t.figures.Shipped += uint64(n)
	return taken
}

// findLocked returns the request of this key, which becomes the one that was
// heard of last. It is nil if the request has ended.
func (t *Requests) findLocked(key Key) *request {
	if r := t.all[key]; r != nil {
		r.unlink()
		t.linkLocked(r)
		return r
	}
	if t.closed || key.Request != nil && !key.Request.join(t) {
		return nil
	}
	if len(t.all) >= t.maxRequests {
		t.figures.Evicted += uint64(t.removeLocked(t.list.next))
	}
	r := t.pool.Get().(*request)
	r.key = key
	t.all[key] = r
	t.linkLocked(r)
	return r
}

func (t *Requests) linkLocked(r *request) {
	last := t.list.prev
	r.prev, r.next = last, &t.list
	last.next, t.list.prev = r, r
}

func (r *request) unlink() { r.prev.next, r.next.prev = r.next, r.prev }

// removeLocked forgets r and returns how many records that were.
func (t *Requests) removeLocked(r *request) int {
	delete(t.all, r.key)
	r.unlink()
	n := r.kept.records
	t.figures.Kept -= n
	t.free(r)
	return n
}

// free gives the memory of r to the next request, or to the collector.
func (t *Requests) free(r *request) {
	r.kept.reset()
	*r = request{kept: r.kept}
	t.pool.Put(r)
}

func (t *Requests) forget(key Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.all[key]; r != nil {
		t.removeLocked(r)
	}
}

// Close forgets everything, and keeps nothing more.
func (t *Requests) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for len(t.all) > 0 {
		t.removeLocked(t.list.next)
	}
}

// Figures returns the counts as they are now.
func (t *Requests) Figures() Figures {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.figures
}
