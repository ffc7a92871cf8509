package buffer

import (
	"fmt"
	"math"
	"slices"
)

// makeRoom reserves size bytes under the caps, dropping what is oldest if that
// is the policy. must: producers wait for it.
//
// What is acknowledged goes first: its removal is otherwise the round's next step,
// so that producers do not wait for it, but until then it would count as full, and
// newcomers be refused, or others dropped, for records that are delivered. No more
// goes than there is need of: after an outage it may be hundreds of files.
//
// Nothing is dropped for a second spare. The first one is worth it: without it
// the producers who cross the end of the active segment would wait while
// another is dropped and made. What lies beyond is records that are still there,
// given away for a load that may never come.
func (b *Buffer) makeRoom(size int64, must bool) bool {
	b.claimHeld()
	for !b.reserve(size, must) {
		if !must && b.hasSpare() {
			return false
		}
		b.retire(&due{}, math.MaxInt) // the newest sealed ones may be the better victims
		if b.removePassed(1) {
			continue
		}
		if b.limits.Load().WhenFull == DropOldest && b.dropOldest() {
			continue
		}
		if b.opt.Budget != nil && must {
			b.opt.Budget.squeeze(b, size)
		}
		return false
	}
	return true
}

func (b *Buffer) hasSpare() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.spares) > 0
}

// reserve takes size bytes of both caps. While found segments are still being
// scanned they cannot be dropped with exact counts, so new records may go over
// the cap by as much as was found: opening never refuses a record for what
// another run has left. The shared cap gives way as well, bounded by our own.
func (b *Buffer) reserve(size int64, must bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := b.disk+b.making+size <= b.limits.Load().MaxBytes
	if !room && must && b.scanning > 0 {
		room = b.disk-b.foundLocked()+b.making+size <= b.limits.Load().MaxBytes
	}
	if !room {
		return false
	}
	if b.opt.Budget != nil && !b.opt.Budget.Reserve(size) {
		if !must || b.scanning == 0 {
			return false
		}
		b.opt.Budget.force(size)
	}
	b.making += size
	return true
}

func (b *Buffer) foundLocked() (n int64) {
	for _, s := range b.segs {
		if !s.live {
			n += int64(s.size)
		}
	}
	return n
}

// giveBackLocked returns bytes to the shared budget.
func (b *Buffer) giveBackLocked(size int64) {
	if b.opt.Budget != nil {
		b.opt.Budget.Release(size)
	}
}

// tookLocked books a file that is there already, whatever the caps say.
func (b *Buffer) tookLocked(s *segment) {
	s.booked = int64(s.size)
	b.disk += s.booked
	if b.opt.Budget != nil {
		b.opt.Budget.force(s.booked)
	}
}

// freedLocked books that a segment's file is gone, or is no longer ours.
func (b *Buffer) freedLocked(s *segment) {
	b.disk -= s.booked
	b.giveBackLocked(s.booked)
	s.booked = 0
	if s.log != b.own {
		s.log.left--
	}
}

// noRoom tells the producers that wait for a segment why there is none. under is
// what room was looked for under: if SetLimits came since, it has taken back what
// was known, and to say full now would refuse records that fit, or that the new
// policy makes room for. SetLimits kicks, so that the next round looks again.
func (b *Buffer) noRoom(under *Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limits.Load() == under && b.active.Load() == nil && b.trouble != full {
		b.trouble = full
		b.turnLocked()
	}
}

// dropOldest frees some bytes, and reports false if nothing can be freed now.
// First come sealed segments that the worker has not begun, oldest first:
// those lose only what nobody has seen. Then those whose records the worker
// holds: it keeps what it has.
func (b *Buffer) dropOldest() bool {
	b.mu.Lock()
	s := b.victimLocked()
	b.mu.Unlock()
	if s == nil {
		return b.dropRead()
	}
	if k := b.limits.Load().Keep; k > 0 && k < Levels && s.flags&flagCompacted == 0 && s.below(k) > 0 && s.below(k) < s.count {
		if b.compact(s, k) {
			return true
		}
	}
	b.dropWhole(s)
	return true
}

// victimLocked chooses among the unread: with Keep, one that has something to
// give before one that has not. The victim is closed to the reader.
func (b *Buffer) victimLocked() *segment {
	var oldest *segment
	for _, s := range b.segs {
		if s.order != 0 || !s.walked || s.gone || s.busy || s.live && !s.walk.done || b.flushing(s) {
			continue
		}
		if oldest == nil {
			oldest = s
		}
		if k := b.limits.Load().Keep; k == 0 || k >= Levels || s.below(k) > 0 {
			oldest = s
			break
		}
	}
	if oldest != nil {
		oldest.busy = true
	}
	return oldest
}

// flushing reports whether the flusher may still use s.
func (b *Buffer) flushing(s *segment) bool { return s.live && b.flushes() && !s.settled.Load() }

// below counts the records under level k.
func (s *summary) below(k uint8) (n uint64) {
	for _, v := range s.levels[:k] {
		n += v
	}
	return n
}

// dropWhole removes an unread segment. The loss is saved before the file goes:
// a crash in between reports records that come after all, the other way round
// it would be silent about some that don't.
func (b *Buffer) dropWhole(s *segment) {
	b.mu.Lock()
	for l, n := range s.levels {
		b.loseLocked(QueueOverflow, uint8(l), n, s.first, s.last, s.since, s.until)
	}
	b.lost += s.count
	b.voids += s.void.Load()
	if i := slices.Index(b.segs, s); i >= 0 {
		b.segs = slices.Delete(b.segs, i, i+1)
	}
	b.ackTurnLocked()
	b.mu.Unlock()
	b.save(b.own)
	crash("loss-saved")
	b.remove(s)
	b.wake()
}

// dropRead removes the oldest sealed segment that the worker has begun. What it
// holds stays its own: a tomb remembers each such record, until it is
// acknowledged, or given back by Rewind and then lost.
func (b *Buffer) dropRead() bool {
	r := &b.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	b.mu.Lock()
	i := slices.IndexFunc(b.segs, func(s *segment) bool {
		return s.order != 0 && s.walked && !s.gone && !b.passedLocked(s) && (!s.live || s.walk.done) && !b.flushing(s)
	})
	if i < 0 {
		b.mu.Unlock()
		return false
	}
	s := b.segs[i]
	acked := b.acked
	b.mu.Unlock()
	b.entomb(s, acked)
	return true
}

// entomb is called with reader.mu held. What was handed out and not given back
// becomes tombs, the rest is lost now.
func (b *Buffer) entomb(s *segment, acked Mark) {
	r := &b.reader
	limit, from := s.size, s.from
	switch {
	case s == r.seg:
		limit = r.off
	case s.order > r.last:
		limit = 0 // rewound before it
	}
	if s.order == acked.order {
		from = uint64(acked.off)
	}
	var tombs []tomb
	var rest summary
	missing := s.count - s.seen.count
	err := b.eachRecord(s, from, func(f *found) {
		id := [idSize]byte(f.payload)
		if f.at >= s.seen.to && missing > 0 {
			missing--
		}
		if f.at < limit {
			tombs = append(tombs, tomb{off: f.at, id: id, time: f.time, level: f.level})
		} else {
			rest.add(&f.frame, id[:], f.at+f.stride())
		}
	})
	if err != nil {
		b.report(fmt.Errorf("buffer: drop segment %q: %w", s.String(), err))
	}
	if r.seg == s {
		b.closeReaderFile()
		r.seg = nil
	}
	b.mu.Lock()
	rest.levels[2] += missing // unreadable: counts as INFO
	for l, n := range rest.levels {
		b.lost += n
		b.loseLocked(QueueOverflow, uint8(l), n, rest.first, rest.last, rest.since, rest.until)
	}
	s.tomb, s.gone = tombs, true
	b.ackTurnLocked()
	b.mu.Unlock()
	b.save(b.own)
	crash("loss-saved")
	b.remove(s)
	b.wake()
}
