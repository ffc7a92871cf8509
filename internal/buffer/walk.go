package buffer

import "time"

// walk is the maintainer's progress over a sealed segment's record headers.
type walk struct {
	off      uint64
	sum      summary
	done     bool // every claim is committed, or pinned
	pinned   bool // it cannot be proved that nobody stores any more: never unmap
	unmapped bool
	tries    int       // walks that ended at an open claim
	cooled   uint8     // the stage that was begun: see cool
	coolAt   time.Time // of stage 1
}

// walkOver goes on from where the last walk stopped and reports whether the
// end was reached. Reaching it proves that every claim is committed, since
// committed records and noted holes then cover the segment without a gap; on
// the way it counts levels, ids and times, which costs the producers nothing.
func (b *Buffer) walkOver(s *segment) bool {
	w := &s.walk
	damaged := false
	ok := s.guarded(func() { damaged = w.step(s) })
	if !ok || damaged || s.torn.Load() && w.off < s.size {
		w.pinned = true
	} else if w.off < s.size {
		return false
	}
	w.done = true
	b.mu.Lock()
	want := s.claims - s.void.Load()
	if w.sum.count != want { // headers that lie: keep the sums right
		w.sum.levels[2] += want - min(want, w.sum.count)
		w.sum.count = want
	}
	if w.pinned {
		w.sum.end = s.size
	}
	s.summary = w.sum
	s.walked = true
	b.ackTurnLocked()
	b.mu.Unlock()
	b.wake()
	return true
}

// step walks as far as it can and reports whether it met a length that no
// producer can have stored.
func (w *walk) step(s *segment) (damaged bool) {
	for w.off < s.size {
		if n := s.holes.at(w.off); n > 0 {
			w.off += n
			continue
		}
		length := loadLength(s.mem, w.off)
		if length <= 0 {
			return false
		}
		f, ok := s.parseFrame(s.mem[w.off:w.off+frameSize], length, w.off)
		if !ok {
			return true
		}
		if f.typ == typeData {
			id := s.mem[w.off+frameSize : w.off+frameSize+idSize]
			w.sum.add(&f, id, w.off+f.stride())
		}
		w.off += f.stride()
	}
	return false
}
