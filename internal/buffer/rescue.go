package buffer

import (
	"errors"
	"fmt"
	"time"
)

const rescueAgain = 500 * time.Millisecond

var errPoisoned = errors.New("its records go to another file")

// poison gives up on a segment's file: a sync or a write of it failed, so what
// of it is on disk is unknown and stays so (the kernel marks the pages clean
// after a failed sync; asking again would succeed and mean nothing), or its
// name is gone. It takes no more claims; the maintainer writes its records
// again elsewhere, out of memory.
func (b *Buffer) poison(s *segment, cause error) {
	b.mu.Lock()
	was := s.poisoned
	s.poisoned = true
	b.mu.Unlock()
	if was {
		return
	}
	b.report(fmt.Errorf("buffer: segment %q, %w: %w", s.String(), errPoisoned, cause))
	b.shut(s)
	b.kick()
}

// rescueAll writes poisoned segments again.
func (b *Buffer) rescueAll(u *upkeep, now time.Time, next *due) {
	hurt := b.listed(func(s *segment) bool { return s.poisoned && !s.gone && !b.passedLocked(s) })
	if len(hurt) == 0 {
		return
	}
	if now.Before(u.rescueAt) {
		next.in(u.rescueAt.Sub(now))
		return
	}
	for _, s := range hurt {
		if !s.walk.done {
			next.in(walkAgain)
			continue
		}
		if err := b.rescue(s); err != nil {
			b.heal(err)
			b.report(fmt.Errorf("buffer: rescue segment %q: %w", s.String(), err))
			u.rescueAt = now.Add(rescueAgain)
			next.in(rescueAgain)
			return
		}
	}
}

// rescue writes a sealed segment's records into a new file, at the same
// offsets, so that marks, the cursor and positions stay right, and puts that
// file in the old one's place. Records are checked on the way.
func (b *Buffer) rescue(s *segment) error {
	w, err := b.newRewriter(s, flagRescued|s.flags, s.size)
	if err != nil {
		return err
	}
	if s.meta != nil {
		f, stored := s.metaRecord()
		w.put(&found{frame: f}, stored, headerSize)
	}
	err = b.eachRecord(s, headerSize, func(f *found) { w.put(f, f.payload, f.at) })
	if err != nil {
		w.abort()
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	b.swap(s, w)
	return nil
}

// swap makes s the rewritten file. The reader is kept out while the epoch
// changes; no producer is in s any more, since its walk is done.
func (b *Buffer) swap(s *segment, w *rewriter) {
	old := s.name
	b.reader.mu.Lock()
	b.closeReaderFile()
	if !s.walk.pinned {
		b.unmap(s)
	} else {
		s.flush.mu.Lock()
		s.view.Lock()
		s.shown = nil // the mapping itself stays: somebody may still store into it
		s.view.Unlock()
		s.flush.mu.Unlock()
	}
	s.closeFile()
	b.mu.Lock()
	s.flags, s.origin, s.name = w.s.flags, w.s.origin, w.s.name
	s.setEpoch(w.s.epoch)
	s.poisoned = false
	if s.order == b.acked.order {
		s.log.at.epoch = s.epoch
	}
	b.mu.Unlock()
	b.reader.mu.Unlock()
	_ = w.f.Close()
	b.safeTo(s, s.size)
	s.settled.Store(true)
	b.flushed()
	crash("rescued")
	if err := b.fs.Remove(old); err != nil {
		b.heal(err)
	}
}
