package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"time"
)

// finishWait bounds how long Close waits for appends that hold a claim.
const finishWait = time.Second

// finish is the end of Close: no goroutine of ours runs any more.
func (b *Buffer) finish() error {
	b.walkAll()
	if b.flushes() {
		b.flushRound(true)
		u, next := upkeep{}, due{}
		b.rescueAll(&u, time.Now(), &next)
	}
	b.dropRest()
	b.removePassed(math.MaxInt)
	b.mu.Lock()
	left := b.segs
	logs := b.logs
	b.mu.Unlock()
	b.closeSegments(left)
	var errs []error
	for _, l := range logs {
		b.save(l)
		if b.opt.Durability != Process && b.opt.Mode != Heap {
			errs = append(errs, l.curFile.Sync())
		}
		l.close()
	}
	b.mu.Lock()
	if b.opt.Budget != nil {
		b.claimHeld()
		b.opt.Budget.Release(b.disk)
		b.opt.Budget.Book(-b.aside)
		b.opt.Budget.leave(b)
	}
	b.mu.Unlock()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("buffer: close: %w", err)
	}
	return nil
}

// CloseUnused is Close for a buffer that was opened in vain: a directory that
// Open has made goes again if nothing was put in it. What cannot be removed stays,
// as an empty buffer.
func (b *Buffer) CloseUnused() error {
	if err := b.Close(); err != nil || !b.made || b.sub || b.opt.Mode == Heap {
		return err
	}
	dir := b.own.dir
	entries, err := b.fs.ReadDir(dir)
	if err != nil || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != lockName && e.Name() != cursorName }) {
		return nil
	}
	for _, e := range entries {
		_ = b.fs.Remove(filepath.Join(dir, e.Name()))
	}
	_ = b.fs.Remove(dir) // fails if somebody else has moved in meanwhile
	return nil
}

// walkAll waits for the claims that are still open. Their goroutines are in
// the middle of a copy: microseconds, unless the machine is far behind.
//
// It takes the consumer's place, who has returned, and the maintainer's, who
// was joined: an append that commits signals to the one if it sleeps, as in
// Arm, and one that meets a fault, and leaves a hole, kicks the other.
func (b *Buffer) walkAll() {
	timer := time.NewTimer(finishWait)
	defer timer.Stop()
	defer b.sleeping.Store(false)
	for {
		b.sleeping.Store(true)
		if b.walkedAll() {
			return
		}
		select {
		case <-b.ready:
		case <-b.kicked:
		case <-timer.C:
			return
		}
	}
}

func (b *Buffer) walkedAll() bool {
	all := true
	for _, s := range b.listed(func(s *segment) bool { return s.live && s.sealed && !s.walk.done }) {
		all = b.walkOver(s) && all
	}
	return all
}

// dropRest hands the spares, and segments without a record, to removal.
func (b *Buffer) dropRest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unwanted = append(b.unwanted, b.spares...)
	b.spares = nil
	kept := b.segs[:0:0]
	for _, s := range b.segs {
		if s.live && s.walk.done && s.count == 0 || b.passedLocked(s) && b.removable(s) {
			b.voids += s.void.Load()
			b.unwanted = append(b.unwanted, s)
			continue
		}
		kept = append(kept, s)
	}
	b.segs = kept
}

// closeSegments unmaps and closes what stays on disk. A segment with an open
// claim stays mapped: its producer may yet store into it.
func (b *Buffer) closeSegments(segs []*segment) {
	if b.flushes() {
		_ = b.fs.SyncDir(b.own.dir)
	}
	for _, s := range segs {
		if s.live && s.walk.done && !s.walk.pinned && b.opt.Mode != Heap {
			b.unmap(s)
		}
		s.closeFile()
	}
	b.reader.mu.Lock()
	b.closeReaderFile()
	b.reader.seg = nil
	b.reader.mu.Unlock()
}
