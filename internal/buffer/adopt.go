package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slogship/slogship/internal/vfs"
)

// adoptAll takes over every directory of this route whose process is dead: the
// main one, if this buffer lives in a sub-directory, and the other
// sub-directories. A lock that can be had proves that its holder is gone, so
// not on network file systems, where locks may not reach other machines.
//
// Directories and lock files stay when they are drained: removing a lock file
// that another process is just opening would let two hold "the" lock. There
// are never more of them than processes ran at once.
func (b *Buffer) adoptAll() {
	root := b.own.dir
	if b.sub {
		root = filepath.Dir(root)
	}
	entries, err := b.fs.ReadDir(root)
	if err != nil {
		return // the maintainer sees to a missing directory
	}
	if b.sub {
		b.adopt(root)
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), subPrefix) {
			b.adopt(filepath.Join(root, e.Name()))
		}
	}
}

// adopt takes over one directory if it has segments and its lock is free.
func (b *Buffer) adopt(dir string) {
	if dir == b.own.dir || b.holds(dir) || !b.hasSegments(dir) {
		return
	}
	lock, err := b.fs.Lock(filepath.Join(dir, lockName))
	if err != nil {
		if !errors.Is(err, vfs.ErrLocked) {
			b.report(fmt.Errorf("buffer: adopt %q: %w", dir, err))
		}
		return
	}
	l := &log{dir: dir, lock: lock}
	if err := b.openLog(l); err != nil {
		l.close()
		b.report(fmt.Errorf("buffer: adopt %q: %w", dir, err))
		return
	}
	crash("adopting")
	b.insert(l)
	b.takeLedger(l)
	b.scanLog(l)
	crash("adopted")
}

func (b *Buffer) holds(dir string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.logs, func(l *log) bool { return l.dir == dir })
}

func (b *Buffer) hasSegments(dir string) bool {
	entries, err := b.fs.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		_, _, suffix, ok := parseName(e.Name())
		return ok && suffix == segSuffix
	})
}

// insert puts an adopted log's segments behind the last one that the reader
// has entered, so that reading order never changes behind it. If that is the
// active one it is shut first: the adopted records come before its successor.
func (b *Buffer) insert(l *log) {
	b.reader.mu.Lock()
	defer b.reader.mu.Unlock()
	b.mu.Lock()
	at := b.lastEnteredLocked() + 1
	var active *segment
	if at > 0 && b.segs[at-1] == b.active.Load() {
		active = b.segs[at-1]
	}
	b.mu.Unlock()
	if active != nil {
		b.shut(active)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at = b.lastEnteredLocked() + 1
	b.segs = slices.Insert(b.segs, at, l.found...)
	l.left = len(l.found)
	for _, s := range l.found {
		b.tookLocked(s)
	}
	b.logs = append(b.logs, l)
	b.scanning++
}

func (b *Buffer) lastEnteredLocked() int {
	for i := len(b.segs) - 1; i >= 0; i-- {
		if b.segs[i].order != 0 {
			return i
		}
	}
	return -1
}

// takeLedger moves the losses that a dead process had not reported into our
// own ledger. Ours is saved first: a crash in between reports them twice, the
// other way round never.
func (b *Buffer) takeLedger(l *log) {
	c, err := l.readCursor()
	if err != nil {
		return
	}
	b.mu.Lock()
	for _, from := range []*Loss{&c.frozen, &c.gathering} {
		if from.Counts.Total() == 0 {
			continue
		}
		g := &b.gathering
		if g.Counts.Total() == 0 {
			g.First, g.Since, g.Last = from.First, from.Since, from.Last
		}
		g.Since, g.Until = min(g.Since, from.Since), max(g.Until, from.Until)
		g.Counts.add(&from.Counts)
	}
	b.mu.Unlock()
	b.save(b.own)
	crash("ledger-taken")
	b.save(l)
}

// readCursor reads l's cursor as it is on disk.
func (l *log) readCursor() (cursor, error) {
	l.saving.Lock()
	defer l.saving.Unlock()
	p := make([]byte, cursorSize)
	n, err := l.curFile.ReadAt(p, 0)
	if err != nil && !isEOF(err) {
		return cursor{}, err
	}
	c, _, err := readSlots(p[:n])
	return c, err
}

// release closes adopted logs that are drained. Called by the maintainer.
func (b *Buffer) release() {
	b.mu.Lock()
	var done []*log
	b.logs = slices.DeleteFunc(b.logs, func(l *log) bool {
		if l == b.own || l.left > 0 || l.found != nil {
			return false
		}
		done = append(done, l)
		return true
	})
	b.mu.Unlock()
	for _, l := range done {
		b.save(l)
		l.close()
	}
}
