package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"
)

// upkeep is what only the maintainer touches.
type upkeep struct {
	retry     time.Time     // no segment is made before
	backoff   time.Duration // of the next failure
	looked    time.Time     // at the active file's name
	lookedAt  uint64        // its tail then
	adoptNext time.Time
	rescueAt  time.Time
}

const (
	minBackoff = 10 * time.Millisecond
	maxBackoff = time.Second
	walkAgain  = 5 * time.Millisecond
	// suspectAfter that many walks met the same open claim, its file is looked
	// at: a claim takes microseconds, but a truncated file reads as zeros.
	suspectAfter = 50
	lookEvery    = 50 * time.Millisecond
	lookIdle     = time.Second
	evictAfter   = 300 * time.Millisecond
	// quickSize is the most that is made while producers wait, about a
	// millisecond's work. They wait less long than the largest segment takes, and
	// while there is little ahead they would be through with it before the next
	// is ready; so none is made larger than what is ahead.
	quickSize = 2 << 20
)

// maintain is the maintainer's goroutine: it makes segments ahead, unmaps
// sealed ones, removes what is acknowledged, drops what is over the cap, and
// looks after the directory. Closed over by Close.
func (b *Buffer) maintain() {
	u := upkeep{adoptNext: time.Now()}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next := b.upkeep(&u, time.Now())
		b.idle.Store(next >= idleAfter)
		timer.Reset(next)
		select {
		case <-b.kicked:
		case <-timer.C:
		case <-b.closing:
			return
		}
		b.idle.Store(false)
	}
}

// idleAfter: a maintainer with nothing due sooner is woken by the consumer's
// first record.
const idleAfter = time.Second

// upkeep does one round and returns when the next is due. Segments come first:
// producers may be waiting.
func (b *Buffer) upkeep(u *upkeep, now time.Time) time.Duration {
	next := &due{now: now, at: now.Add(time.Hour)}
	b.yield()
	b.makeAhead(u, now, next)
	b.retire(next, 1)
	b.makeAhead(u, now, next)
	b.removePassed(math.MaxInt)
	b.makeAhead(u, now, next)
	b.cool(now, next)
	b.rescueAll(u, now, next)
	b.look(u, now, next)
	b.rest(now, next)
	b.refreshGate()
	b.tellDiscards(next)
	b.adoptDue(u, now, next)
	b.release()
	b.mu.Lock()
	unsaved := b.unsaved
	b.mu.Unlock()
	if unsaved {
		b.save(b.own)
	}
	return max(next.at.Sub(now), time.Millisecond)
}

// due is the earliest of what was asked for.
type due struct{ now, at time.Time }

func (d *due) in(t time.Duration) {
	if at := d.now.Add(t); at.Before(d.at) {
		d.at = at
	}
}

// makeAhead makes one segment if there are not enough, and comes back for more
// after the rest of the round: producers that use up segments as fast as they
// are made must not keep the full ones from being unmapped and removed.
func (b *Buffer) makeAhead(u *upkeep, now time.Time, next *due) {
	if now.Before(u.retry) {
		next.in(u.retry.Sub(now))
		return
	}
	seq, size, must, ok := b.wanted()
	if !ok {
		return
	}
	under := b.limits.Load()
	if !b.makeRoom(size, must) {
		if must {
			b.noRoom(under)
			next.in(minBackoff) // a walk or a scan may free something
		}
		return
	}
	s, size, err := b.createFitting(seq, size)
	if err != nil {
		b.created(nil, size)
		u.backoff = min(max(2*u.backoff, minBackoff), maxBackoff)
		u.retry = now.Add(u.backoff)
		next.in(u.backoff)
		b.report(err)
		return
	}
	u.backoff = 0
	b.created(s, size)
	b.kick()
}

// createFitting makes a segment of size bytes, or a smaller one if the disk has
// no room for it, and returns what it took. On a volume of 1 MiB that is the
// difference between some thousand records and none. The next size is tried at
// once: producers may be waiting, and a disk that is full says so quickly.
func (b *Buffer) createFitting(seq uint64, size int64) (*segment, int64, error) {
	for {
		s, err := b.create(seq, size)
		if errors.Is(err, fs.ErrNotExist) {
			b.heal(err)
			s, err = b.create(seq, size)
		}
		if !lacksRoom(err) {
			return s, size, err
		}
		b.mu.Lock()
		smaller := b.pace.tight(size, b.neededLocked())
		if smaller > 0 {
			b.making -= size - smaller
			b.giveBackLocked(size - smaller)
		}
		b.mu.Unlock()
		if smaller == 0 {
			return nil, size, err
		}
		size = smaller
	}
}

// neededLocked is the size of the smallest segment for the largest record that
// waits.
func (b *Buffer) neededLocked() int64 {
	if b.need == 0 {
		return 0
	}
	return int64(roundUp(int(b.need+b.overhead), pageSize))
}

// wanted tells what to make next. must: producers wait for it.
func (b *Buffer) wanted() (seq uint64, size int64, must, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.started || b.stopped {
		return 0, 0, false, false
	}
	must = b.active.Load() == nil
	var ahead int64
	for _, s := range b.spares {
		ahead += int64(s.size)
	}
	if !must && b.pace.enough(len(b.spares), ahead) {
		return 0, 0, false, false
	}
	if a := b.active.Load(); a != nil {
		ahead += int64(a.size - a.used())
	}
	size = max(min(b.pace.size, max(b.pace.min, quickSize, ahead)), b.neededLocked())
	seq = b.own.nextSeq
	b.own.nextSeq++
	return seq, size, must, true
}

// created books a new segment, or that there is none.
func (b *Buffer) created(s *segment, size int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.making -= size
	if s == nil {
		b.giveBackLocked(size)
		if b.active.Load() == nil {
			b.trouble = stalled
			b.turnLocked()
		}
		return
	}
	b.pace.made()
	s.meta, s.from, s.end = b.meta, headerSize, b.overhead
	s.booked = size
	b.disk += size
	b.spares = append(b.spares, s)
	if b.stopped {
		return // Close removes it
	}
	b.activateLocked()
	b.dropUnwantedLocked()
}

// dropUnwantedLocked hands spares that were too small to removal.
func (b *Buffer) dropUnwantedLocked() {
	if len(b.unwanted) > 0 {
		b.kick()
	}
}

// retire walks sealed segments and unmaps those that are complete, at most so
// many: a large one takes as long as producers wait for a segment.
func (b *Buffer) retire(next *due, most int) {
	for _, s := range b.listed(func(s *segment) bool { return s.live && s.sealed && !s.walk.unmapped }) {
		if !s.walk.done && !b.walkOver(s) {
			if s.walk.tries++; s.walk.tries%suspectAfter == 0 {
				s.suspect.Store(true)
			}
			next.in(walkAgain)
			continue
		}
		if b.opt.Mode == Heap || s.walk.pinned {
			s.walk.unmapped = true // for as long as it is listed, it stays
			continue
		}
		if b.flushes() && !s.settled.Load() {
			b.flushSoon() // nobody may append any more
			next.in(walkAgain)
			continue
		}
		b.unmap(s)
		if most--; most == 0 {
			b.kick()
			return
		}
	}
}

// listed returns the segments that hit.
func (b *Buffer) listed(hit func(*segment) bool) []*segment {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*segment
	for _, s := range b.segs {
		if hit(s) {
			out = append(out, s)
		}
	}
	return out
}

func (b *Buffer) unmap(s *segment) {
	s.flush.mu.Lock() // the flusher reads the memory too
	defer s.flush.mu.Unlock()
	s.view.Lock()
	defer s.view.Unlock()
	s.walk.unmapped = true
	s.shown = nil
	switch {
	case b.opt.Mode != Mapped:
		s.mem = nil // heap: let it go. Of a mapping the producers' word is left as it is
		return
	case s.mapping == nil:
		return // before, when it was retired
	}
	if err := s.mapping.Unmap(); err != nil {
		b.report(fmt.Errorf("buffer: unmap segment %q: %w", s.String(), err))
	}
	s.mapping = nil
	crash("unmapped")
}

// removePassed removes acknowledged segments from the front, at most so many, and
// spares that nobody wants. The cursor was saved by Ack before; with a durability that
// outlives the power it is synced before the file goes. It reports whether there
// was anything.
func (b *Buffer) removePassed(most int) bool {
	var out []*segment
	b.mu.Lock()
	for len(out) < most && len(b.segs) > 0 && b.passedLocked(b.segs[0]) && b.removable(b.segs[0]) {
		s := b.segs[0]
		if s.live {
			b.donePos = s.base + Position(s.size)
		}
		b.voids += s.void.Load()
		b.segs = b.segs[1:]
		out = append(out, s)
	}
	spare := b.unwanted
	b.unwanted = nil
	b.mu.Unlock()
	if len(out) > 0 {
		b.syncCursors(out)
	}
	crash("before-unlink")
	for _, s := range append(out, spare...) {
		b.remove(s)
	}
	if len(out) > 0 {
		b.syncDirOf(out)
	}
	return len(out)+len(spare) > 0
}

// removable: a live segment goes only after its walk, so that no producer can
// still store into it.
func (b *Buffer) removable(s *segment) bool { return s.gone || !s.live || s.walk.done }

// remove frees all that a segment has. One that is gone has nothing left but
// its tombs when it leaves the list.
func (b *Buffer) remove(s *segment) {
	if s.live && !s.walk.pinned {
		b.unmap(s)
	}
	s.closeFile()
	if s.waits && !s.settled.Load() {
		b.safeTo(s, s.size) // delivered before it was flushed: safer than asked for
		s.settled.Store(true)
		b.flushed()
	}
	b.mu.Lock()
	mine := s.booked > 0
	if mine {
		b.freedLocked(s)
	}
	b.mu.Unlock()
	if !mine || b.opt.Mode == Heap {
		return
	}
	err := b.fs.Remove(s.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.report(fmt.Errorf("buffer: remove segment %q: %w", s.String(), err))
	}
	crash("segment-unlinked")
}

// syncCursors makes the cursors of segs durable before their files go.
func (b *Buffer) syncCursors(segs []*segment) {
	if b.opt.Durability == Process || b.opt.Mode == Heap {
		return
	}
	var done []*log
	for _, s := range segs {
		if slices.Contains(done, s.log) {
			continue
		}
		done = append(done, s.log)
		s.log.saving.Lock()
		if f := s.log.curFile; f != nil {
			if err := f.Sync(); err != nil {
				b.report(fmt.Errorf("buffer: sync cursor in %q: %w", s.log.dir, err))
			}
		}
		s.log.saving.Unlock()
	}
}

func (b *Buffer) syncDirOf(segs []*segment) {
	if b.opt.Durability == Process || b.opt.Mode == Heap {
		return
	}
	if err := b.fs.SyncDir(segs[0].log.dir); err != nil {
		b.report(fmt.Errorf("buffer: sync directory %q: %w", segs[0].log.dir, err))
	}
}
