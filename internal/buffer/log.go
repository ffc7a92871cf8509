package buffer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slogship/slogship/internal/vfs"
)

const (
	lockName      = "LOCK"
	cursorName    = "cursor"
	segSuffix     = ".seg"
	tmpSuffix     = ".tmp"
	quarantineDir = "quarantine"
	subPrefix     = "sub-"
	maxSubs       = 256
	maxSeq        = 1<<64 - 1<<32 // a name beyond it is not ours
)

// log is one directory of segments with its cursor: the buffer's own, or one
// that a dead process left.
type log struct {
	dir  string
	uuid [16]byte  // immutable after openLog
	lock io.Closer // owned by the maintainer; by Close in the end

	saving  sync.Mutex
	curFile vfs.File       // guarded by saving
	curMap  vfs.Mapping    // guarded by saving; nil: written with WriteAt
	gen     uint64         // guarded by saving
	slot    [slotUsed]byte // guarded by saving

	at      place  // acknowledged up to here; guarded by Buffer.mu
	nextSeq uint64 // guarded by Buffer.mu
	left    int    // segments of an adopted log still listed; guarded by Buffer.mu

	found  []*segment // not yet scanned; written under Buffer.mu by the scan
	marked place      // the newest sync mark; owned by the scan
}

// place is a place in a log.
type place struct {
	seq, epoch, off uint64
}

func newHeapLog() *log {
	l := &log{nextSeq: 1}
	_, _ = rand.Read(l.uuid[:])
	return l
}

// lockDir locks dir, or the first sub-directory of it that can be locked.
func (b *Buffer) lockDir(dir string) (*log, error) {
	lock, err := b.fs.Lock(filepath.Join(dir, lockName))
	if err == nil {
		return &log{dir: dir, lock: lock}, nil
	}
	for i := 1; i <= maxSubs && errors.Is(err, vfs.ErrLocked); i++ {
		sub := filepath.Join(dir, fmt.Sprintf("%s%04x", subPrefix, i))
		if err := b.fs.MkdirAll(sub); err != nil {
			return nil, err
		}
		lock, err = b.fs.Lock(filepath.Join(sub, lockName))
		if err == nil {
			b.sub = true
			return &log{dir: sub, lock: lock}, nil
		}
	}
	return nil, err
}

// openLog reads the cursor, lists the segments and puts them at the end of the
// reading order, unscanned. It opens at most a few of them, to tell whose they
// are, so it takes the same time for any backlog.
func (b *Buffer) openLog(l *log) error {
	c, err := b.openCursor(l)
	if err != nil {
		return err
	}
	crash("cursor-opened")
	entries, err := b.fs.ReadDir(l.dir)
	if err != nil {
		return err
	}
	if b.opt.Budget != nil {
		set, _ := Usage(b.fs, filepath.Join(l.dir, quarantineDir))
		b.bookAside(set)
	}
	l.nextSeq = max(c.nextSeq, 1)
	for _, e := range entries {
		b.listEntry(l, e)
	}
	slices.SortStableFunc(l.found, func(a, b *segment) int {
		if a.seq != b.seq {
			return cmpUint(a.seq, b.seq)
		}
		return strings.Compare(a.name, b.name)
	})
	if l.uuid = b.whose(l, c.uuid); l.uuid == c.uuid {
		l.at = place{c.seq, c.epoch, c.off}
		if l == b.own {
			b.frozen, b.gathering = c.frozen, c.gathering
		}
	}
	return nil
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// listEntry notes a segment file and removes what a crash left of one that was
// being made: it has our name, lies in a directory that we hold the lock of,
// and nothing was ever appended to a file of that name.
func (b *Buffer) listEntry(l *log, e fs.DirEntry) {
	name := filepath.Join(l.dir, e.Name())
	seq, epoch, suffix, ok := parseName(e.Name())
	switch {
	case !ok || e.IsDir():
	case suffix == tmpSuffix:
		if err := b.fs.Remove(name); err != nil {
			b.report(fmt.Errorf("buffer: remove left-over %q: %w", name, err))
		}
	case e.Type().IsRegular() || e.Type()&fs.ModeSymlink == 0:
		s := &segment{log: l, seq: seq, epoch: uint64(epoch), name: name}
		s.from = headerSize
		if info, err := e.Info(); err == nil {
			s.size = uint64(max(info.Size(), 0))
		}
		l.found = append(l.found, s)
		l.nextSeq = max(l.nextSeq, seq+1)
	}
}

// parseName takes apart "<seq:016x>-<epoch:08x>.seg" or ".tmp".
func parseName(name string) (seq uint64, epoch uint32, suffix string, ok bool) {
	if len(name) != 16+1+8+4 || name[16] != '-' {
		return 0, 0, "", false
	}
	seq, err1 := strconv.ParseUint(name[:16], 16, 64)
	e, err2 := strconv.ParseUint(name[17:25], 16, 32)
	suffix = name[25:]
	ok = err1 == nil && err2 == nil && seq < maxSeq && (suffix == segSuffix || suffix == tmpSuffix)
	return seq, uint32(e), suffix, ok
}

// whose decides the buffer's UUID: the cursor's, unless there are segments and
// none of those looked at has it; then the cursor came from elsewhere, and the
// segments' own counts. With neither it is a new buffer.
func (b *Buffer) whose(l *log, cursors [16]byte) [16]byte {
	var seg [16]byte
	for i := len(l.found) - 1; i >= 0; i-- {
		if i == len(l.found)-3 {
			i = min(i, 1) // the two newest, the two oldest
		}
		h, err := b.readHeader(l.found[i])
		if err != nil {
			continue
		}
		if h.uuid == cursors {
			return cursors
		}
		if seg == [16]byte{} {
			seg = h.uuid
		}
	}
	switch {
	case seg != [16]byte{}:
		if cursors != [16]byte{} {
			b.report(fmt.Errorf("buffer: read cursor in %q, what was acknowledged comes again: %w", l.dir, errForeign))
		}
		return seg
	case cursors != [16]byte{}:
		return cursors
	}
	_, _ = rand.Read(seg[:])
	return seg
}

// readHeader reads a found segment's header page.
func (b *Buffer) readHeader(s *segment) (header, error) {
	f, err := b.fs.Open(s.name)
	if err != nil {
		return header{}, err
	}
	defer func() { _ = f.Close() }()
	page := make([]byte, headerSize)
	n, err := f.ReadAt(page, 0)
	if err != nil && !isEOF(err) {
		return header{}, err
	}
	return parseHeader(page[:n])
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// closeCursor is called with saving held, or when nobody else knows l.
func (l *log) closeCursor() {
	if l.curMap != nil {
		_ = l.curMap.Unmap()
		l.curMap = nil
	}
	if l.curFile != nil {
		_ = l.curFile.Close()
		l.curFile = nil
	}
}

// close lets go of the directory.
func (l *log) close() {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.closeCursor()
	if l.lock != nil {
		_ = l.lock.Close()
		l.lock = nil
	}
}
