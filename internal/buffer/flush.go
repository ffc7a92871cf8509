package buffer

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// flushed is the flusher's progress in one segment.
type flushed struct {
	mu      sync.Mutex // the flusher's use of the file against its closing
	written uint64     // Written: bytes in the file
	synced  uint64
	named   bool // the directory entry is durable
}

// flushLoop is the flusher's goroutine: one group commit after the other for
// Power, one sync per SyncEvery for Interval, one write per batch for Written.
func (b *Buffer) flushLoop() {
	tick := b.opt.SyncEvery
	if b.opt.Durability != Interval {
		tick = time.Hour
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		due := false
		select {
		case <-b.dirty:
		case <-ticker.C:
			due = true
		case <-b.closing:
			b.flushRound(true)
			return
		}
		b.flushRound(due || b.opt.Durability == Power)
	}
}

// flushRound brings what is committed to where the route wants it.
func (b *Buffer) flushRound(sync bool) {
	segs := b.listed(func(s *segment) bool {
		return s.live && !s.settled.Load() && !s.poisoned && !s.gone
	})
	sync = sync && b.opt.Durability != Process
	for _, s := range segs {
		if err := b.flushSegment(s, sync); err != nil {
			b.poison(s, err)
		}
	}
	b.flushed()
}

// flushSoon wakes the flusher.
func (b *Buffer) flushSoon() {
	select {
	case b.dirty <- struct{}{}:
	default:
	}
}

// flushed lets the waiting appends look.
func (b *Buffer) flushed() {
	b.flushMu.Lock()
	close(b.flushTurn)
	b.flushTurn = make(chan struct{})
	b.flushMu.Unlock()
}

// safeTo notes that s is as safe as the route promises up to end: the disk
// answers.
func (b *Buffer) safeTo(s *segment, end uint64) {
	s.safe.Store(end)
	b.flushMu.Lock()
	b.unsafeSince = time.Time{}
	b.flushMu.Unlock()
}

// await returns the channel that closes with the next flush, unless s is safe
// up to end. known: nothing has become safe for longestWait.
//
// The look at safe is under flushMu, as is what safeTo forgets after its store:
// so either the look finds what was stored, or unsafeSince is forgotten after
// it was set, and never stays behind with nothing that waits.
func (b *Buffer) await(s *segment, end uint64) (turn <-chan struct{}, safe, known bool) {
	b.flushMu.Lock()
	defer b.flushMu.Unlock()
	if s.safe.Load() >= end {
		return nil, true, false
	}
	if b.unsafeSince.IsZero() {
		b.unsafeSince = time.Now()
	}
	return b.flushTurn, false, time.Since(b.unsafeSince) > longestWait
}

func (b *Buffer) flushSegment(s *segment, sync bool) error {
	f := &s.flush
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.file == nil || s.shown == nil {
		return nil
	}
	start := f.synced
	if b.opt.Mode == Written {
		start = f.written
	}
	end, ok := s.committedTo(start, s.size)
	if !ok {
		return errFault
	}
	if b.opt.Mode == Written && end > f.written {
		if _, err := s.file.WriteAt(s.mem[f.written:end], int64(f.written)); err != nil {
			return err
		}
		crash("written")
		f.written = end
		if b.opt.Durability != Power {
			b.safeTo(s, end)
		}
	}
	if sync && end > f.synced {
		if err := b.syncSegment(s, end); err != nil {
			return err
		}
	}
	if end == s.size && (b.opt.Durability == Process || f.synced == s.size) {
		s.settled.Store(true)
		b.kick()
	}
	return nil
}

// syncSegment makes all before end durable, with the file's name.
func (b *Buffer) syncSegment(s *segment, end uint64) error {
	f := &s.flush
	if err := s.file.Sync(); err != nil {
		return err
	}
	if !f.named {
		if err := b.fs.SyncDir(s.log.dir); err != nil {
			return err
		}
		f.named = true
	}
	crash("synced")
	f.synced = end
	if b.opt.Durability == Power {
		b.safeTo(s, end)
	}
	b.putMark(s, end)
	return nil
}

// putMark appends a sync mark to the active segment: recovery then knows that
// what is missing before that place was not lost with the power. It counts as
// synced at once, or each sync would ask for another.
func (b *Buffer) putMark(s *segment, end uint64) {
	a := b.active.Load()
	if a == nil || end <= b.overhead || a.markedAt == end && a == s {
		return
	}
	var p [markSize]byte
	binary.LittleEndian.PutUint64(p[:], s.seq)
	binary.LittleEndian.PutUint64(p[8:], end)
	r := Record{Payload: p[:], Sum: Sum(p[:]), Time: time.Now().UnixNano()}
	at, ok := b.place(a, &r, typeMark)
	if ok {
		a.markedAt = at
		if a == s && at == end+strideOf(markSize) {
			s.flush.synced = at // nothing else came in between
		}
	}
}

// awaitSafe waits until s is as safe as the route promises up to end. In a
// stall that is known, nobody but Power's callers waits: for them, waiting is
// the policy.
func (b *Buffer) awaitSafe(ctx context.Context, s *segment, end uint64) (Position, error) {
	pos := s.base + Position(end)
	wait := b.limits.Load().BlockTimeout
	if b.opt.Durability != Power {
		wait, ctx = b.limits.Load().StallTimeout, context.Background()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		turn, safe, known := b.await(s, end)
		if safe {
			return pos, nil
		}
		b.flushSoon()
		if known && b.opt.Durability != Power {
			return pos, ErrNotDurable
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return pos, fmt.Errorf("buffer: append: %w: %w", ErrNotDurable, ctx.Err())
		case <-timer.C:
			return pos, ErrNotDurable
		}
	}
}

// closeFile closes the segment's file once the flusher is out of it.
func (s *segment) closeFile() {
	s.flush.mu.Lock()
	defer s.flush.mu.Unlock()
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}
