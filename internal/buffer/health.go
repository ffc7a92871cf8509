package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// look checks that the active file is still there, under its name and in its
// length, while records come in: somebody may have removed the directory.
func (b *Buffer) look(u *upkeep, now time.Time, next *due) {
	for _, s := range b.listed(func(s *segment) bool { return s.suspect.Load() }) {
		s.suspect.Store(false)
		b.shorter(s)
	}
	s := b.active.Load()
	if s != nil && b.undelivered(s) {
		next.in(lookIdle) // nobody may read, so nobody may wake us
	}
	if s == nil || s.file == nil || s.tail.Load() == u.lookedAt && now.Sub(u.looked) < time.Minute {
		return
	}
	next.in(lookEvery)
	if now.Sub(u.looked) < lookEvery {
		return
	}
	u.looked, u.lookedAt = now, s.tail.Load()
	if b.shorter(s) {
		return
	}
	f, err := b.fs.Open(s.name)
	if err == nil {
		_ = f.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		b.heal(err)
		b.forsake()
		b.poison(s, err)
	}
}

// forsake hands spares without a name to removal. Where the active file's name
// is gone theirs are likely gone too, and left alone each would take records
// until the next look found it out.
func (b *Buffer) forsake() {
	b.mu.Lock()
	spares := slices.Clone(b.spares)
	b.mu.Unlock()
	lost := map[*segment]bool{}
	for _, s := range spares {
		f, err := b.fs.Open(s.name)
		if err == nil {
			_ = f.Close()
		}
		lost[s] = errors.Is(err, fs.ErrNotExist)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spares = slices.DeleteFunc(b.spares, func(s *segment) bool {
		if lost[s] {
			b.unwanted = append(b.unwanted, s)
		}
		return lost[s]
	})
}

// undelivered reports whether something in the active segment waits.
func (b *Buffer) undelivered(s *segment) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return s.used() > b.overhead && !b.drainedLocked(s)
}

// shorter reports whether s's file was truncated, and then ends its use.
func (b *Buffer) shorter(s *segment) bool {
	if s.file == nil {
		return false
	}
	n, err := s.file.Size()
	if err != nil || n >= int64(s.size) {
		return false
	}
	b.breakSegment(s)
	b.wake()
	return true
}

// breakSegment notes that the file behind a mapping was truncated: what was
// there reads as zeros or faults. No claim may go there any more.
func (b *Buffer) breakSegment(s *segment) {
	if s.torn.CompareAndSwap(false, true) {
		b.report(fmt.Errorf("buffer: segment %q: file truncated: %w", s.String(), errRecords))
	}
	b.shut(s)
	b.kick()
}

// rest gives back what a load has left after a quiet time: spares, and an
// active segment that is large and drained.
func (b *Buffer) rest(now time.Time, next *due) {
	b.mu.Lock()
	if b.pace.rotated {
		next.in(slowFill)
	}
	hit := b.pace.rest(now)
	var big *segment
	if hit {
		b.unwanted = append(b.unwanted, b.spares...)
		b.spares = nil
		s := b.active.Load()
		if s != nil && int64(s.size) > b.pace.min && b.drainedLocked(s) {
			big = s
		}
	}
	b.mu.Unlock()
	if big != nil {
		b.shut(big)
	}
	if hit {
		b.kick()
	}
}

// drainedLocked reports whether all of the active segment is acknowledged.
func (b *Buffer) drainedLocked(s *segment) bool {
	return s.order == b.acked.order && uint64(b.acked.off) >= s.used() && s.used() > b.overhead
}

// adoptDue starts the look for orphans.
func (b *Buffer) adoptDue(u *upkeep, now time.Time, next *due) {
	if b.opt.Mode == Heap || b.network || u.adoptNext.IsZero() {
		return
	}
	if wait := u.adoptNext.Sub(now); wait > 0 {
		next.in(wait)
		return
	}
	u.adoptNext = time.Time{}
	if b.opt.AdoptEvery > 0 {
		u.adoptNext = now.Add(b.opt.AdoptEvery)
		next.in(b.opt.AdoptEvery)
	}
	if b.adopting.CompareAndSwap(false, true) {
		b.tasks.Go(func() {
			defer b.adopting.Store(false)
			b.adoptAll()
		})
	}
}
