package buffer

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

var errNoSpace = errors.New("free space on the volume is below MinFree")

func newEpoch() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return binary.LittleEndian.Uint64(b[:]) | 1
}

// create makes a segment ready for use. It runs on the maintainer, without
// locks. The order is what makes it safe at any point of a crash: under its
// final name the file is complete.
//
//	tmp file -> room -> zeros -> header and meta -> [sync] -> rename -> [sync directory] -> map -> populate
//
// Zeros are written even though a new file reads as zeros: an extent that is
// only reserved turns into a written one with the first sync, in the producers'
// time. Files are made afresh and never recycled: reuse needs the same zeros,
// and a file that is unlinked soon enough never reaches the disk at all.
func (b *Buffer) create(seq uint64, size int64) (*segment, error) {
	s := &segment{log: b.own, seq: seq, size: uint64(size), live: true}
	if b.opt.Mode == Written {
		s.flags = flagWritten
	}
	s.setEpoch(newEpoch())
	s.tail.Store(b.overhead)
	s.flush.written, s.flush.synced = b.overhead, b.overhead
	s.safe.Store(b.overhead)
	s.kickAt = b.overhead + (s.size-b.overhead)/4
	s.waits = b.flushes() && (b.opt.Mode == Written || b.opt.Durability == Power)
	s.walk.off = headerSize
	if err := b.encrypt(s); err != nil {
		return nil, fmt.Errorf("buffer: create segment %q: %w", s.String(), err)
	}
	if b.opt.Mode == Heap {
		s.show(make([]byte, size))
		b.writeStart(s, s.mem)
		return s, nil
	}
	if err := b.createFile(s); err != nil {
		return nil, fmt.Errorf("buffer: create segment %q: %w", s.String(), err)
	}
	return s, nil
}

// start returns the header and the meta record.
func (b *Buffer) start(s *segment) []byte {
	h := header{flags: s.flags, uuid: s.log.uuid, seq: s.seq, epoch: s.epoch, size: s.size,
		created: time.Now().UnixNano(), origin: s.origin}
	if s.seal != nil {
		h.key = s.seal.head
	}
	p := appendHeader(make([]byte, 0, b.overhead), &h)
	if b.meta != nil {
		f := frame{place: placeOf(s.seq, headerSize), typ: typeMeta, time: h.created}
		stored := s.storedMeta(&f, b.meta.Bytes)
		p = appendFrame(p, f, stored, s.epochBytes[:])
	}
	return p
}

func (b *Buffer) writeStart(s *segment, mem []byte) { copy(mem, b.start(s)) }

func (b *Buffer) createFile(s *segment) (err error) {
	if err := b.checkFree(int64(s.size)); err != nil {
		return err
	}
	tmp := filepath.Join(s.log.dir, s.String()+tmpSuffix)
	s.name = filepath.Join(s.log.dir, s.String()+segSuffix)
	f, err := b.fs.Create(tmp)
	if err != nil {
		return err
	}
	crash("segment-tmp-created")
	name := tmp
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = b.fs.Remove(name)
		}
	}()
	if err := b.fillFile(f, s); err != nil {
		return err
	}
	if err := b.fs.Rename(tmp, s.name); err != nil {
		return err
	}
	name = s.name
	crash("segment-renamed")
	if b.opt.Durability == Power {
		if err := b.fs.SyncDir(s.log.dir); err != nil {
			return err
		}
		s.flush.named = true
	}
	crash("segment-created")
	return b.attach(s, f)
}

// fillFile reserves, zeroes and heads a new file.
func (b *Buffer) fillFile(f vfs.File, s *segment) error {
	if err := f.Allocate(int64(s.size)); err != nil {
		return err
	}
	crash("segment-allocated")
	if b.opt.Mode == Mapped {
		for at := uint64(0); at < s.size; at += uint64(len(zeros)) {
			if _, err := f.WriteAt(zeros[:min(uint64(len(zeros)), s.size-at)], int64(at)); err != nil {
				return err
			}
		}
	}
	crash("segment-zeroed")
	if _, err := f.WriteAt(b.start(s), 0); err != nil {
		return err
	}
	crash("segment-headed")
	if b.opt.Durability == Power {
		return f.Sync()
	}
	return nil
}

// attach gives the segment its memory. Populate comes last, because a sync
// write-protects pages again.
func (b *Buffer) attach(s *segment, f vfs.File) error {
	s.file = f
	if b.opt.Mode == Written {
		s.show(make([]byte, s.size))
		b.writeStart(s, s.mem)
		return nil
	}
	m, err := f.Map(int(s.size))
	if err != nil {
		return err
	}
	if err := m.Populate(); err != nil && !errors.Is(err, vfs.ErrNotSupported) {
		_ = m.Unmap()
		return err
	}
	s.mapping = m
	s.show(m.Bytes())
	return nil
}

// checkFree keeps the floor of free space.
func (b *Buffer) checkFree(size int64) error {
	if b.opt.MinFree < 0 {
		return nil
	}
	space, err := b.fs.Space(b.own.dir)
	if errors.Is(err, vfs.ErrNotSupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if space.Free-size < b.floor(space.Size) {
		return errNoSpace
	}
	return nil
}

// floor is MinFree on a volume of this size. The default leaves an ordinary
// disk's other programs the room to say that it is full. Of a small volume, which
// is often ours alone, 64 MiB would be a large part or all: an eighth still has
// room for what must be written when no segment may be made any more, which is
// dead letters and a rewritten segment.
func (b *Buffer) floor(volume int64) int64 {
	if b.opt.MinFree != 0 {
		return b.opt.MinFree
	}
	return min(64<<20, volume/8)
}

// lacksRoom reports whether err says that a smaller segment may do.
//
// DropOldest does not answer it. The room that a dropped segment leaves on a
// volume that somebody else fills is theirs as likely as ours, and records whose
// call has returned would go for nothing; what our own caps allow has been weighed
// by whoever set them, the volume's state by nobody.
func lacksRoom(err error) bool { return errors.Is(err, errNoSpace) || vfs.IsFull(err) }

// heal makes the directory again that somebody removed, with its lock and
// cursor.
func (b *Buffer) heal(cause error) {
	if !errors.Is(cause, fs.ErrNotExist) {
		return
	}
	if err := b.fs.MkdirAll(b.own.dir); err != nil {
		b.report(fmt.Errorf("buffer: make directory %q again: %w", b.own.dir, err))
		return
	}
	b.syncParents(b.own.dir)
	b.relock(b.own)
	b.reopenCursor(b.own)
}

// relock takes the lock file of a directory that was made again: the old lock
// is on a file without a name, and keeps nobody out. If another process was
// quicker, both write here; they do not disturb each other's files, whose names
// have random epochs, but may deliver each other's records twice.
func (b *Buffer) relock(l *log) {
	lock, err := b.fs.Lock(filepath.Join(l.dir, lockName))
	if errors.Is(err, vfs.ErrLocked) && l.lock != nil {
		return // the file is still the one that we hold
	}
	if err != nil {
		b.report(fmt.Errorf("buffer: lock directory %q again: %w", l.dir, err))
		return
	}
	if l.lock != nil {
		_ = l.lock.Close()
	}
	l.lock = lock
}
