package buffer

import "time"

// keepWarm is how many of the newest sealed segments stay in the page cache:
// the worker is most likely there.
const keepWarm = 2

// cool starts writing back, and then drops from the page cache, all sealed
// segments but the newest two. Cached pages count against a container's
// memory, and a backlog must not. A healthy route never has so many sealed
// segments, so it writes nothing here.
func (b *Buffer) cool(now time.Time, next *due) {
	if b.opt.Mode == Heap {
		return
	}
	cold := b.listed(func(s *segment) bool {
		return s.live && s.walk.unmapped && !s.walk.pinned && !s.gone && !s.poisoned && s.walk.cooled < 2
	})
	if len(cold) <= keepWarm {
		return
	}
	for _, s := range cold[:len(cold)-keepWarm] {
		if s.file == nil {
			s.walk.cooled = 2
			continue
		}
		if s.walk.cooled == 0 {
			_ = s.file.Writeback(0, int64(s.size))
			s.walk.cooled, s.walk.coolAt = 1, now
		}
		if left := evictAfter - now.Sub(s.walk.coolAt); left > 0 {
			next.in(left)
			continue
		}
		_ = s.file.Evict(0, int64(s.size))
		s.closeFile()
		s.walk.cooled = 2
	}
}
