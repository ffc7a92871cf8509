package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// At most this many files, and an eighth of MaxBytes, are set aside; what
// comes after stays where it is.
const quarantineFiles = 64

// quarantine sets a segment file aside whose header says nothing any more. It
// is moved, never removed: a later version, or a person, may make sense of it.
func (b *Buffer) quarantine(s *segment) {
	cause := fmt.Errorf("buffer: open segment %q, set aside: %w", s.name, errDamaged)
	dir := filepath.Join(s.log.dir, quarantineDir)
	crash("before-quarantine")
	err := b.roomInQuarantine(dir, int64(s.size))
	if err == nil {
		err = b.fs.Rename(s.name, filepath.Join(dir, filepath.Base(s.name)))
	}
	crash("quarantined")
	b.leaveAside(s, errors.Join(cause, err))
	b.mu.Lock()
	b.quarantined++
	b.mu.Unlock()
}

// roomInQuarantine makes the directory and reports whether size more bytes may
// go there. A name that is taken counts as no room: nothing is overwritten.
func (b *Buffer) roomInQuarantine(dir string, size int64) error {
	if err := b.fs.MkdirAll(dir); err != nil {
		return err
	}
	entries, err := b.fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	if len(entries) >= quarantineFiles || size > b.limits.Load().MaxBytes/8 {
		return fmt.Errorf("buffer: quarantine %q: full: %w", dir, fs.ErrExist)
	}
	return nil
}

// leaveAside takes a file out of reading order that stays on the disk: in the
// quarantine, or where it is.
func (b *Buffer) leaveAside(s *segment, why error) {
	b.unlist(s, why)
	b.bookAside(int64(s.size))
}

// bookAside counts bytes in our directories that are not in segments of ours.
func (b *Buffer) bookAside(n int64) {
	if b.opt.Budget == nil || n == 0 {
		return
	}
	b.mu.Lock()
	b.aside += n
	b.mu.Unlock()
	b.opt.Budget.Book(n)
}
