package buffer

import (
	"errors"
	"fmt"
	"sync"

	"github.com/slogship/slogship/internal/vfs"
)

var errRecords = errors.New("records are damaged or missing")

// reader is the consumer's state.
type reader struct {
	mu    sync.Mutex
	seg   *segment // nil: at the end of the last one, or nothing entered yet
	off   uint64   // in seg
	n     uint64   // entries handed out up to here
	last  uint32   // order of the segment entered last; Rewind lowers it
	stuck *segment // met damage here and waits for the segment's walk
	file  vfs.File // of seg, where it is read with pread
	win   window
}

// seen is how much of a segment was handed out for the first time. Guarded by
// reader.mu.
type seen struct {
	to     uint64
	count  uint64
	levels [Levels]uint64
}

// stop says why reading a segment ended.
type stop uint8

const (
	limited stop = 1 // enough
	waiting stop = 2 // a claim is not committed, or there is none
	ended   stop = 3 // nothing more will come in this segment
)

// Next appends to c the committed entries behind the read position, CRC
// checked, at most maxRecords of them and maxBytes of payload, but one at
// least; it returns how many. 0: nothing now. It copies out of the mapping, so
// nothing it returned is touched by what happens to the files later.
func (b *Buffer) Next(c *Chunk, maxRecords, maxBytes int) int {
	r := &b.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	got, size := 0, 0
	for got < maxRecords {
		if r.seg == nil && !b.enter() {
			break
		}
		before := len(c.Entries)
		why := b.read(c, maxRecords-got, maxBytes, &size)
		got += len(c.Entries) - before
		if why != ended || !b.leave() {
			break
		}
	}
	if got > 0 {
		b.kickOnce()
	}
	return got
}

// enter steps into the next segment of the list. Found ones must be scanned
// first, so that what is handed out was counted.
func (b *Buffer) enter() bool {
	r := &b.reader
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.segs {
		if s.gone || s.order != 0 && s.order <= r.last {
			continue
		}
		if s.busy {
			return false // being rewritten or removed; the maintainer wakes us
		}
		if !s.live && !s.walked {
			return false
		}
		if s.order == 0 {
			b.orders++
			s.order = b.orders
			s.seen.to = s.from
		}
		r.last = s.order
		r.seg, r.off = s, s.from
		return true
	}
	return false
}

// read hands out entries of the current segment.
func (b *Buffer) read(c *Chunk, maxRecords, maxBytes int, size *int) stop {
	r := &b.reader
	s := r.seg
	s.view.Lock()
	if s.shown == nil {
		s.view.Unlock()
		return b.readFile(c, s, maxRecords, maxBytes, size)
	}
	defer s.view.Unlock()
	why := ended
	if ok := s.guarded(func() { why = b.readMem(c, s, maxRecords, maxBytes, size) }); !ok {
		b.breakSegment(s)
		return ended
	}
	return why
}

// readMem reads the mapping of a live segment. A hole whose producer lives is
// never skipped: it may only be slow.
func (b *Buffer) readMem(c *Chunk, s *segment, maxRecords, maxBytes int, size *int) stop {
	r := &b.reader
	for r.off < s.size {
		length := loadLength(s.mem, r.off)
		if length <= 0 {
			n := s.holes.at(r.off)
			if n == 0 && s.torn.Load() {
				return ended
			} else if n == 0 {
				return waiting
			}
			b.pass(s, r.off+n)
			continue
		}
		f, ok := s.parseFrame(s.mem[r.off:r.off+frameSize], length, r.off)
		if ok && f.typ == typeData {
			if maxRecords == 0 || *size > 0 && *size+f.body() > maxBytes {
				return limited
			}
			if b.take(c, s, &f, s.mem[r.off:r.off+frameSize], s.mem[r.off+frameSize:r.off+uint64(f.length)]) {
				maxRecords--
				*size += f.body()
				continue
			}
		} else if ok {
			b.pass(s, r.off+f.stride())
			continue
		}
		if why := b.resync(s); why != 0 {
			return why
		}
	}
	return ended
}

// resync passes over a damaged record in a mapping. Claims behind it may still
// be open, so the segment is shut first and its walk awaited.
func (b *Buffer) resync(s *segment) stop {
	r := &b.reader
	b.mu.Lock()
	walked := s.walked
	b.mu.Unlock()
	if !walked {
		r.stuck = s
		b.shut(s)
		return waiting
	}
	w := window{buf: s.mem, size: s.size}
	f, ok := s.nextFrame(&w, r.off+align, s.size)
	b.damaged(s)
	if !ok {
		b.pass(s, s.size)
		return ended
	}
	b.pass(s, f.at)
	return 0
}

// readFile reads a segment that is not mapped.
func (b *Buffer) readFile(c *Chunk, s *segment, maxRecords, maxBytes int, size *int) stop {
	r := &b.reader
	if r.off >= s.end {
		return ended
	}
	if r.file == nil {
		f, err := b.fs.Open(s.name)
		if err != nil {
			b.report(fmt.Errorf("buffer: read segment %q: %w", s.String(), err))
			return ended
		}
		r.file = f
		r.win.reset(f, s.size)
	}
	for r.off < s.end {
		f, ok := s.nextFrame(&r.win, r.off, s.end)
		if f.bad {
			b.damaged(s)
		}
		if !ok {
			return ended
		}
		r.off = f.at
		if f.typ != typeData {
			b.pass(s, f.at+f.stride())
			continue
		}
		if maxRecords == 0 || *size > 0 && *size+f.body() > maxBytes {
			return limited
		}
		if !b.take(c, s, &f.frame, nil, f.payload) {
			return ended // cannot be: nextFrame has checked it
		}
		maxRecords--
		*size += f.body()
	}
	return ended
}

// take copies one record into c and moves behind it. With a header the CRC is
// checked over the copy; a mismatch is read again before it is believed.
func (b *Buffer) take(c *Chunk, s *segment, f *frame, h, payload []byte) bool {
	r := &b.reader
	p := c.room(len(payload))
	copy(p, payload)
	if h != nil && !f.good(s, h, p) {
		copy(p, payload)
		if !f.good(s, h, p) {
			c.giveBack(len(p))
			return false
		}
	}
	if s.seal != nil {
		plain, err := s.seal.open(p[min(idSize, len(p)):], f)
		if err != nil {
			c.giveBack(len(p))
			b.forged(s)
			b.pass(s, r.off+f.stride()) // leave counts it as lost
			return true
		}
		c.giveBack(sealSize)
		p = p[:idSize+len(plain)]
	}
	if r.off >= s.seen.to {
		s.seen.count++
		s.seen.levels[f.level]++
		s.seen.to = r.off + f.stride()
	}
	r.off += f.stride()
	r.n++
	c.Entries = append(c.Entries, Entry{
		Payload: alias(p), Level: f.level, Time: f.time, Meta: s.meta,
		Mark: Mark{n: r.n, order: s.order, off: uint32(r.off)},
	})
	return true
}

// pass moves over something that is no entry. If everything before it is
// acknowledged, so is this: nobody else would.
func (b *Buffer) pass(s *segment, to uint64) {
	b.reader.off = to
	b.mu.Lock()
	b.settleLocked()
	b.mu.Unlock()
}

// leave ends the current segment, if it is certain that nothing more comes,
// and counts what should have been there and was not.
func (b *Buffer) leave() bool {
	r := &b.reader
	s := r.seg
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.live && !s.sealed {
		return false
	}
	want := s.count
	if s.live {
		want = s.claims - s.void.Load()
	}
	if want > s.seen.count && !s.gone {
		if !s.walked {
			return false // the walk wakes us: it knows the levels
		}
		b.missLocked(s, want)
	}
	b.closeReaderFile()
	r.off = s.size
	b.settleLocked()
	r.seg = nil
	b.kick()
	return true
}

// missLocked counts records of s that were there once and could not be read.
func (b *Buffer) missLocked(s *segment, want uint64) {
	left := want - s.seen.count
	for l := range s.levels {
		n := min(left, s.levels[l]-min(s.levels[l], s.seen.levels[l]))
		b.loseLocked(DiskStalled, uint8(l), n, s.first, s.last, s.since, s.until)
		left -= n
	}
	// What no header tells any more counts as INFO.
	b.loseLocked(DiskStalled, 2, left, s.first, s.last, s.since, s.until)
	b.lost += want - s.seen.count
	s.seen.count = want
	s.seen.to = s.size
}

func (b *Buffer) damaged(s *segment) {
	b.mu.Lock()
	b.corrupt++
	b.mu.Unlock()
	b.report(fmt.Errorf("buffer: read segment %q: %w", s.String(), errRecords))
}

// Arm says that the consumer is about to sleep on Ready. false: there is
// something to read, or a loss was counted since the last Arm, don't. true: the
// next append, a counted loss, progress of recovery or adoption, or Stop sends
// on Ready.
//
// No wake-up is lost. Arm stores sleeping and then looks for a committed
// record; Append stores the commit and then looks at sleeping. Both are
// sequentially consistent, so of the two loads at least one sees the other's
// store: Arm finds the record, or Append finds the sleeper. If both do, Ready
// holds a signal too many, which costs one empty round. Ready has room for
// one, so a signal sent before the consumer waits is kept. A record behind
// another's open claim is not readable yet; whoever commits that claim looks
// at sleeping in turn.
func (b *Buffer) Arm() bool {
	b.sleeping.Store(true)
	if b.lossNews.Swap(false) || b.readable() {
		b.sleeping.Store(false)
		return false
	}
	return true
}

// Exhausted reports, once Arm has returned true after Stop, whether nothing can
// come any more. A call of Append that Stop came into may still be about to
// commit; until it has, what others committed behind it cannot be read either.
func (b *Buffer) Exhausted() bool {
	b.reader.mu.Lock()
	defer b.reader.mu.Unlock()
	return b.reader.seg == nil // Stop sealed the last one, and it has been left
}

// Ready is where the signal comes that Arm promised. It is never closed.
func (b *Buffer) Ready() <-chan struct{} { return b.ready }

// readable reports whether Next would get on.
func (b *Buffer) readable() bool {
	r := &b.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.seg == nil && !b.enter() {
			return false
		}
		switch b.peek(r.seg) {
		case waiting:
			return false
		case limited:
			return true
		}
		if !b.leave() {
			return false
		}
	}
}

// peek tells what is at the read position: limited stands for something.
func (b *Buffer) peek(s *segment) stop {
	r := &b.reader
	s.view.Lock()
	defer s.view.Unlock()
	b.mu.Lock()
	atEnd := r.off >= s.size || s.walked && r.off >= s.end
	stuck := r.stuck == s && !s.walked
	b.mu.Unlock()
	switch {
	case atEnd:
		return ended
	case stuck:
		return waiting
	}
	if s.shown == nil {
		return limited
	}
	why := ended
	s.guarded(func() {
		switch {
		case loadLength(s.mem, r.off) > 0, s.holes.at(r.off) > 0:
			why = limited
		case !s.torn.Load():
			why = waiting
		}
	})
	return why
}

// closeReaderFile is called with reader.mu held.
func (b *Buffer) closeReaderFile() {
	if r := &b.reader; r.file != nil {
		_ = r.file.Close()
		r.file = nil
		r.win.reset(nil, 0)
	}
}
