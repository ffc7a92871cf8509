package buffer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// scanLog looks at all that was found in l, oldest first, counts what is past
// the cursor and lets the reader in, segment by segment. It runs on its own
// goroutine, so that neither a large backlog nor a slow disk holds up the
// segments that appends need.
func (b *Buffer) scanLog(l *log) {
	defer func() {
		b.mu.Lock()
		b.scanning--
		l.found = nil
		b.ackTurnLocked()
		b.mu.Unlock()
		// Not wake: a consumer that has just seen Recovering, and is about to
		// say that it sleeps, waits for this and for nothing else. What lies in
		// Ready when it gets there costs it an empty round.
		b.signal()
		b.kick()
	}()
	b.rankTwins(l)
	taken := make(map[uint64]*segment)
	var w window
	for _, s := range l.found { // only this goroutine changes it
		select {
		case <-b.closing:
			return
		default:
		}
		b.scanSegment(s, taken, &w)
		crash("segment-scanned")
	}
}

// rankTwins sorts files of the same seq so that the one to be read comes
// first: a rescued one (its original's file failed a sync), else the original,
// else a compacted one.
func (b *Buffer) rankTwins(l *log) {
	for i := 0; i < len(l.found); {
		j := i + 1
		for j < len(l.found) && l.found[j].seq == l.found[i].seq {
			j++
		}
		if j-i > 1 {
			rank := make(map[*segment]int)
			for _, s := range l.found[i:j] {
				rank[s] = b.rank(s)
			}
			slices.SortStableFunc(l.found[i:j], func(x, y *segment) int { return rank[x] - rank[y] })
		}
		i = j
	}
}

func (b *Buffer) rank(s *segment) int {
	h, err := b.readHeader(s)
	switch {
	case err != nil || h.seq != s.seq:
		return 3
	case h.flags&flagRescued != 0:
		return 0
	case h.flags&flagCompacted != 0:
		return 2
	}
	return 1
}

// scanSegment decides what a found file is and counts what it holds.
func (b *Buffer) scanSegment(s *segment, taken map[uint64]*segment, w *window) {
	h, err := b.readHeader(s)
	if err == nil && h.uuid != s.log.uuid {
		err = errForeign
	}
	if err == nil {
		err = b.decrypt(s, &h)
	}
	twin := taken[h.seq]
	switch {
	case errors.Is(err, errDamaged):
		b.quarantine(s)
		return
	case err != nil:
		b.leaveAside(s, fmt.Errorf("buffer: open segment %q, left as it is: %w", s.name, err))
		return
	case twin != nil && !related(twin, &h):
		b.leaveAside(s, fmt.Errorf("buffer: open segment %q, left as it is: another file of the same place: %w", s.name, errForeign))
		return
	}
	b.mu.Lock()
	s.take(&h)
	passed := s.passedBy(s.log.at)
	b.mu.Unlock()
	if twin != nil || passed {
		b.discard(s) // proved obsolete: ours, and replaced or acknowledged
		return
	}
	taken[s.seq] = s
	f, err := b.fs.Open(s.name)
	if err != nil {
		b.leaveAside(s, fmt.Errorf("buffer: open segment %q, left as it is: %w", s.name, err))
		return
	}
	w.reset(f, s.size)
	sum, bad := b.scanFrames(s, w)
	if !b.soonRead(s) {
		_ = f.Evict(0, int64(s.size))
	}
	_ = f.Close()
	b.scanned(s, sum, bad, w.failed)
}

// scanWarm is how many bytes the scan leaves in the page cache ahead of the
// reader: the two largest segments, as behind the producers. More would count
// against a container's memory; to leave none has each byte read from the disk
// twice, and a backlog drained at a quarter of the speed.
const scanWarm = 32 << 20

// soonRead reports whether the reader, who follows the scan, is close to s.
func (b *Buffer) soonRead(s *segment) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	ahead := int64(0)
	for _, o := range b.segs {
		if o == s {
			break
		}
		if o.order == 0 {
			ahead += int64(o.size)
		}
	}
	return ahead < scanWarm
}

// related reports whether the file with header h was rewritten from twin, or
// twin from it: then one of them is enough.
func related(twin *segment, h *header) bool {
	return twin.origin == h.epoch || h.origin == twin.epoch || h.origin != 0 && h.origin == twin.origin
}

// take makes the header's word count over the name's.
func (s *segment) take(h *header) {
	s.seq, s.size, s.flags, s.origin = h.seq, h.size, h.flags, h.origin
	s.setEpoch(h.epoch)
}

// passedBy sets where reading starts and reports whether the cursor is behind
// all of s. A rescued file has its original's offsets; any other epoch means
// that the cursor speaks of another file, and all of this one is read.
func (s *segment) passedBy(at place) bool {
	if s.seq < at.seq {
		return true
	}
	if s.seq == at.seq && (s.epoch == at.epoch || s.flags&flagRescued != 0 && s.origin == at.epoch) {
		s.from = max(at.off&^(align-1), headerSize)
	}
	return s.from >= s.size
}

// scanFrames counts the records past the cursor and how many ranges are
// damaged. The meta record is always the first one.
func (b *Buffer) scanFrames(s *segment, w *window) (sum summary, bad uint64) {
	sum.end = s.from
	off := uint64(headerSize)
	var gaps []uint64 // where something was skipped that a kill explains
	defer func() { bad += lostAfterSync(s, gaps) }()
	for {
		f, ok := s.nextFrame(w, off, s.size)
		torn := !ok && s.flags&flagWritten != 0 // a write that a kill cut short: no append had returned
		if f.bad && !torn {
			bad++
		} else if f.gap && ok && len(gaps) < 1024 {
			gaps = append(gaps, off)
		}
		if !ok {
			return sum, bad
		}
		off = f.at + f.stride()
		switch f.typ {
		case typeMeta:
			b.readMeta(s, &f)
			off = max(off, s.from)
		case typeMark:
			b.mark(s, &f)
		case typeData:
			if f.at >= s.from && len(f.payload) >= idSize {
				sum.add(&f.frame, f.payload[:idSize], off)
			}
		}
	}
}

// lostAfterSync counts the gaps that the newest sync mark says were synced:
// those are damage, not something that a kill or the power took.
func lostAfterSync(s *segment, gaps []uint64) (n uint64) {
	for _, at := range gaps {
		if m := s.log.marked; m.seq == s.seq && at < m.off || m.seq > s.seq {
			n++
		}
	}
	return n
}

// mark notes what a sync mark promises.
func (b *Buffer) mark(s *segment, f *found) {
	if len(f.payload) != markSize {
		return
	}
	le := binary.LittleEndian
	s.log.marked = place{seq: le.Uint64(f.payload), off: le.Uint64(f.payload[8:])}
}

// scanned lets the reader into s, or drops it if there is nothing in it.
func (b *Buffer) scanned(s *segment, sum summary, bad uint64, failed error) {
	b.mu.Lock()
	s.summary = sum
	s.walked, s.sealed = true, true
	b.recovered += sum.count
	b.corrupt += bad
	if s.log != b.own {
		b.adopted += sum.count
	}
	b.mu.Unlock()
	if bad > 0 || failed != nil {
		b.report(fmt.Errorf("buffer: scan segment %q: %w", s.name, errors.Join(errRecords, failed)))
	}
	if sum.count == 0 && failed == nil && bad == 0 {
		b.discard(s)
		return
	}
	b.wake()
	b.kick()
}

// discard removes a found file that holds nothing to be read.
func (b *Buffer) discard(s *segment) {
	b.unlist(s, nil)
	crash("before-discard")
	if err := b.fs.Remove(s.name); err != nil {
		b.report(fmt.Errorf("buffer: remove segment %q: %w", s.name, err))
	}
}

// unlist takes a found segment out of reading order.
func (b *Buffer) unlist(s *segment, why error) {
	b.mu.Lock()
	if i := slices.Index(b.segs, s); i >= 0 {
		b.segs = slices.Delete(b.segs, i, i+1)
		b.freedLocked(s)
	}
	b.mu.Unlock()
	if why != nil {
		b.report(why)
	}
}
