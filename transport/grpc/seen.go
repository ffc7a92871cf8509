package grpc

import (
	"context"
	"sync"

	"github.com/slogship/slogship/encode"
)

// seen is the window of ids that the receiver has taken, over all streams, and
// of those that are with the callback right now.
//
// It has two generations: an id goes into the young one, and when that is full
// the old one is emptied and becomes the young one. So the newest size ids are
// always there, up to twice as many often, and nothing has to be removed singly.
type seen struct {
	size int

	mu    sync.Mutex
	young map[encode.ID]struct{}      // guarded by mu
	old   map[encode.ID]struct{}      // guarded by mu
	busy  map[encode.ID]chan struct{} // guarded by mu; each closed when it is not busy any more
}

// newSeen returns a window of size ids; 0 or less: none are remembered.
func newSeen(size int) *seen {
	return &seen{size: size, young: map[encode.ID]struct{}{}, old: map[encode.ID]struct{}{}, busy: map[encode.ID]chan struct{}{}}
}

// begin returns the records that are new, in recs's memory, with the place that
// each had, and makes them busy; a record without an id is always new. If one
// of them is busy already it waits: a sender whose connection broke sends again
// while the callback still has the first copy, and if that succeeds the second is
// none. All are claimed at once or none, so two batches can't wait for each other.
func (s *seen) begin(ctx context.Context, recs []encode.Record, places []int) (claim, error) {
	c := claim{of: s, recs: recs, places: places[:0], done: make(chan struct{})}
	if s.size <= 0 {
		for i := range recs {
			c.places = append(c.places, i)
		}
		return c, nil
	}
	for {
		s.mu.Lock()
		other := s.otherLocked(recs)
		if other == nil {
			c.takeLocked()
			s.mu.Unlock()
			return c, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return c, context.Cause(ctx)
		}
	}
}

// otherLocked returns the channel of a claim that has one of recs.
func (s *seen) otherLocked(recs []encode.Record) <-chan struct{} {
	if len(s.busy) == 0 {
		return nil
	}
	for i := range recs {
		if other, ok := s.busy[recs[i].ID]; ok {
			return other
		}
	}
	return nil
}

func (s *seen) knownLocked(id encode.ID) bool {
	if _, ok := s.young[id]; ok {
		return true
	}
	_, ok := s.old[id]
	return ok
}

// claim is a batch on its way through the callback.
type claim struct {
	of     *seen
	recs   []encode.Record // those that are new
	places []int           // the index of each in the request
	done   chan struct{}
}

// takeLocked keeps what is new of c.recs and makes it busy.
func (c *claim) takeLocked() {
	kept := c.recs[:0]
	for i := range c.recs {
		rec := &c.recs[i]
		if id := rec.ID; !id.IsZero() {
			if _, twice := c.of.busy[id]; twice || c.of.knownLocked(id) {
				continue
			}
			c.of.busy[id] = c.done
		}
		kept = append(kept, *rec)
		c.places = append(c.places, i)
	}
	c.recs = kept
}

// end makes the claim's ids known, but for those at which taken is false, and
// wakes who waits for them. ids are of the claim's records, as the callback may
// have changed them.
func (c *claim) end(ids []encode.ID, taken func(i int) bool) {
	if c.of.size <= 0 {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	for i, id := range ids {
		if id.IsZero() {
			continue
		}
		delete(c.of.busy, id)
		if taken(i) {
			c.of.addLocked(id)
		}
	}
	close(c.done)
}

func (s *seen) addLocked(id encode.ID) {
	if len(s.young) >= s.size {
		clear(s.old)
		s.young, s.old = s.old, s.young
	}
	s.young[id] = struct{}{}
}
