package buffer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

var errChanged = errors.New("records changed while they were copied")

// eachRecord calls f for every good data record of a walked segment from off
// on, out of its memory or its file.
func (b *Buffer) eachRecord(s *segment, off uint64, f func(*found)) error {
	var w window
	s.view.Lock()
	if s.shown != nil {
		defer s.view.Unlock()
		w = window{buf: s.shown, size: s.size}
		if !s.guarded(func() { s.each(&w, off, f) }) {
			return errFault
		}
		return nil
	}
	s.view.Unlock()
	file, err := b.fs.Open(s.name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	w.reset(file, s.size)
	s.each(&w, off, f)
	return w.failed
}

func (s *segment) each(w *window, off uint64, f func(*found)) {
	for {
		r, ok := s.nextFrame(w, off, s.size)
		if !ok {
			return
		}
		if r.typ == typeData && len(r.payload) >= idSize {
			f(&r)
		}
		off = r.at + r.stride()
	}
}

// rewriter builds a segment file that nobody but it writes to.
type rewriter struct {
	b   *Buffer
	s   *segment // the new one
	f   vfs.File
	tmp string
	buf []byte // not yet written
	at  uint64 // file offset of buf's start
	err error
}

// newRewriter starts a file that takes old's place in order: same seq, new
// epoch. Its header goes in last, so that under its final name it is complete.
func (b *Buffer) newRewriter(old *segment, flags uint32, size uint64) (*rewriter, error) {
	s := &segment{log: old.log, seq: old.seq, size: size, flags: flags | old.flags&flagSealed, origin: old.epoch, live: old.live, seal: old.seal}
	if old.origin != 0 {
		s.origin = old.origin // the first of a chain: its offsets and its name are the known ones
	}
	s.setEpoch(newEpoch())
	s.name = filepath.Join(s.log.dir, s.String()+segSuffix)
	w := &rewriter{b: b, s: s, tmp: filepath.Join(s.log.dir, s.String()+tmpSuffix), at: headerSize}
	f, err := b.fs.Create(w.tmp)
	if err != nil {
		return nil, err
	}
	w.f = f
	if err := f.Allocate(int64(size)); err != nil {
		w.abort()
		return nil, err
	}
	crash("rewrite-begun")
	return w, nil
}

// put adds a record at the end, or at off if that is not 0.
func (w *rewriter) put(f *found, payload []byte, off uint64) {
	if off != 0 && off != w.at+uint64(len(w.buf)) {
		w.flush()
		w.at = off
	}
	fr := f.frame
	w.buf = appendFrame(w.buf, fr, payload, w.s.epochBytes[:])
	if len(w.buf) >= len(zeros) {
		w.flush()
	}
}

func (w *rewriter) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.f.WriteAt(w.buf, int64(w.at))
	}
	w.at += uint64(len(w.buf))
	w.buf = w.buf[:0]
}

// commit writes the header, syncs where the durability asks, and gives the
// file its name.
func (w *rewriter) commit() error {
	w.flush()
	h := header{flags: w.s.flags, uuid: w.s.log.uuid, seq: w.s.seq, epoch: w.s.epoch, size: w.s.size,
		created: time.Now().UnixNano(), origin: w.s.origin}
	if w.s.seal != nil {
		h.key = w.s.seal.head
	}
	if w.err == nil {
		_, w.err = w.f.WriteAt(appendHeader(nil, &h), 0)
	}
	sync := w.b.opt.Durability != Process
	if w.err == nil && sync {
		w.err = w.f.Sync()
	}
	crash("rewrite-filled")
	if w.err == nil {
		w.err = w.b.fs.Rename(w.tmp, w.s.name)
	}
	if w.err != nil {
		w.abort()
		return w.err
	}
	crash("rewrite-renamed")
	if sync {
		w.err = w.b.fs.SyncDir(w.s.log.dir)
	}
	return w.err
}

func (w *rewriter) abort() {
	_ = w.f.Close()
	_ = w.b.fs.Remove(w.tmp)
}

// compact replaces an unread segment by one with the records of level k and
// up, and counts the others as lost. false: nothing was changed. The new file
// is whole before the old one goes; after a crash between the two the old one
// is read, and the losses that were counted come after all.
func (b *Buffer) compact(s *segment, k uint8) bool {
	if b.opt.Mode == Heap {
		return b.compactHeap(s, k)
	}
	var size uint64
	if err := b.eachRecord(s, s.from, func(f *found) {
		if f.level >= k {
			size += f.stride()
		}
	}); err != nil {
		return false
	}
	size = uint64(roundUp(int(size+b.metaRoom(s)+headerSize), pageSize))
	if size > s.size/4*3 {
		return false // it would free too little
	}
	w, err := b.newRewriter(s, flagCompacted, size)
	if err != nil {
		b.report(fmt.Errorf("buffer: compact segment %q: %w", s.String(), err))
		return false
	}
	sum := w.copyFrom(s, k)
	if err := w.commit(); err != nil {
		b.report(fmt.Errorf("buffer: compact segment %q: %w", s.String(), err))
		return false
	}
	_ = w.f.Evict(0, int64(size))
	_ = w.f.Close()
	b.replace(s, w.s, sum)
	return true
}

func (b *Buffer) metaRoom(s *segment) uint64 {
	if s.meta == nil {
		return 0
	}
	_, stored := s.metaRecord()
	return strideOf(len(stored))
}

// copyFrom copies meta and the records of level k and up.
func (w *rewriter) copyFrom(s *segment, k uint8) (sum summary) {
	if s.meta != nil {
		f, stored := s.metaRecord()
		w.put(&found{frame: f}, stored, 0)
	}
	err := w.b.eachRecord(s, s.from, func(f *found) {
		if f.level < k {
			return
		}
		if end := w.at + uint64(len(w.buf)) + f.stride(); end <= w.s.size {
			w.put(f, f.payload, 0)
			sum.add(&f.frame, f.payload[:idSize], end)
		} else {
			w.err = errChanged
		}
	})
	if w.err == nil {
		w.err = err
	}
	return sum
}

// replace puts a compacted segment where s was and books what s lost.
func (b *Buffer) replace(s, by *segment, sum summary) {
	by.live = false // nothing is claimed in it: it is read like a found one
	by.meta = s.meta
	by.base = s.base
	by.from = headerSize
	by.sealed, by.walked, by.summary = true, true, sum
	b.mu.Lock()
	for l, n := range s.levels {
		n -= min(n, sum.levels[l])
		b.loseLocked(QueueOverflow, uint8(l), n, s.first, s.last, s.since, s.until)
		b.lost += n
	}
	by.booked = int64(by.size)
	b.disk += by.booked
	if b.opt.Budget != nil && by.booked > 0 {
		b.opt.Budget.force(by.booked)
	}
	if by.log != b.own {
		by.log.left++
	}
	b.voids += s.void.Load()
	if i := slices.Index(b.segs, s); i >= 0 {
		b.segs[i] = by
	}
	b.ackTurnLocked()
	b.mu.Unlock()
	b.save(b.own)
	crash("compacted")
	b.remove(s)
	b.wake()
}

// compactHeap is compact without files.
func (b *Buffer) compactHeap(s *segment, k uint8) bool {
	size := uint64(headerSize)
	_ = b.eachRecord(s, s.from, func(f *found) {
		if f.level >= k {
			size += f.stride()
		}
	})
	if size > s.size/4*3 {
		return false
	}
	by := &segment{log: s.log, seq: s.seq, size: size, flags: flagCompacted, origin: s.epoch}
	by.setEpoch(newEpoch())
	mem := make([]byte, headerSize, size)
	var sum summary
	_ = b.eachRecord(s, s.from, func(f *found) {
		if f.level >= k {
			mem = appendFrame(mem, f.frame, f.payload, by.epochBytes[:])
			sum.add(&f.frame, f.payload[:idSize], uint64(len(mem)))
		}
	})
	by.show(mem)
	b.replace(s, by, sum)
	return true
}
