package buffer

import "time"

// keepWarm is how many of the newest sealed segments stay in the page cache:
// the worker is most likely there.
const keepWarm = 2

// Stages of walk.cooled.
const (
	warm       uint8 = 0
	writtenOut uint8 = 1 // or on its way to the disk
	evicted    uint8 = 2
	cold       uint8 = 3 // and closed
)

// chill is one call that cools a segment.
type chill struct {
	s     *segment
	stage uint8
}

// cool starts writing back, and then drops from the page cache, all sealed
// segments but the newest two. Cached pages count against a container's
// memory, and a backlog must not. A healthy route never has so many sealed
// segments, so it writes nothing here.
//
// Both calls wait for the device's queue when it is full, 300 ms and more on a
// busy disk. So they run on a goroutine of their own, which lives for one batch:
// on the maintainer's, no segment would be made meanwhile.
func (b *Buffer) cool(now time.Time, next *due) {
	if b.opt.Mode == Heap || b.cooling.Load() {
		return
	}
	batch := b.coolable(now, next)
	if len(batch) == 0 {
		return
	}
	b.cooling.Store(true)
	b.tasks.Go(func() {
		for _, c := range batch {
			c.run()
		}
		b.cooling.Store(false)
		b.kick()
	})
}

// coolable returns what is due, and closes what is done.
func (b *Buffer) coolable(now time.Time, next *due) (batch []chill) {
	segs := b.listed(func(s *segment) bool {
		return s.live && s.walk.unmapped && !s.walk.pinned && !s.gone && !s.poisoned && s.walk.cooled != cold
	})
	for _, s := range segs[:max(0, len(segs)-keepWarm)] {
		w := &s.walk
		switch {
		case s.file == nil || w.cooled == evicted:
			s.closeFile()
			w.cooled = cold
			continue
		case w.cooled == warm:
			w.cooled, w.coolAt = writtenOut, now
		case now.Sub(w.coolAt) < evictAfter:
			next.in(evictAfter - now.Sub(w.coolAt))
			continue
		default:
			w.cooled = evicted
		}
		batch = append(batch, chill{s, w.cooled})
	}
	return batch
}

// run makes the call. Should the segment be removed meanwhile its file is
// closed, and the call an error that does not matter.
func (c chill) run() {
	c.s.flush.mu.Lock()
	f := c.s.file
	c.s.flush.mu.Unlock()
	switch {
	case f == nil:
	case c.stage == writtenOut:
		_ = f.Writeback(0, int64(c.s.size))
	default:
		_ = f.Evict(0, int64(c.s.size))
	}
}
