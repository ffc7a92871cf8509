package buffer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/slogship/slogship/internal/vfs"
)

// The cursor file has two slots, at 0 and at 4096; each save writes the older
// one, so that a torn save leaves the other.
//
//	  0  magic "SLGCURS\n"           8
//	  8  format u16, min reader u16  4
//	 12  length u32                  4   of the slot
//	 16  generation u64              8   the higher good one counts
//	 24  buffer UUID                16
//	 40  segment seq u64             8   }
//	 48  segment epoch u64           8   } everything before this place is done with
//	 56  offset u64                  8   }
//	 64  next seq u64                8   no file of this or a higher one was ever made
//	 72  frozen loss report        568
//	640  gathering loss report     568
//	1208 CRC-32C u32                 4   over bytes 0 to 1208
//
// The file is mapped where that is possible: a save is then a copy, and
// survives a kill at once.
const (
	cursorMagic = "SLGCURS\n"
	slotUsed    = 72 + 2*lossSize + 4
	slotAt      = 4096
	cursorSize  = 2 * slotAt
	cursorNames = 4
)

// cursor is what a slot holds.
type cursor struct {
	gen       uint64
	uuid      [16]byte
	seq       uint64
	epoch     uint64
	off       uint64
	nextSeq   uint64
	frozen    Loss
	gathering Loss
}

func putCursor(p []byte, c *cursor) {
	le := binary.LittleEndian
	copy(p, cursorMagic)
	le.PutUint16(p[8:], formatNow)
	le.PutUint16(p[10:], formatNow)
	le.PutUint32(p[12:], slotUsed)
	le.PutUint64(p[16:], c.gen)
	copy(p[24:], c.uuid[:])
	le.PutUint64(p[40:], c.seq)
	le.PutUint64(p[48:], c.epoch)
	le.PutUint64(p[56:], c.off)
	le.PutUint64(p[64:], c.nextSeq)
	putLoss(p[72:], &c.frozen)
	putLoss(p[72+lossSize:], &c.gathering)
	le.PutUint32(p[slotUsed-4:], Sum(p[:slotUsed-4]))
}

func parseCursor(p []byte) (cursor, error) {
	le := binary.LittleEndian
	if len(p) < slotUsed || string(p[:8]) != cursorMagic {
		return cursor{}, errDamaged
	}
	if low, high := le.Uint16(p[10:]), le.Uint16(p[8:]); low > formatNow && low <= high {
		return cursor{}, errNewer
	}
	if le.Uint32(p[slotUsed-4:]) != Sum(p[:slotUsed-4]) {
		return cursor{}, errDamaged
	}
	return cursor{
		gen: le.Uint64(p[16:]), uuid: [16]byte(p[24:]), seq: le.Uint64(p[40:]),
		epoch: le.Uint64(p[48:]), off: le.Uint64(p[56:]), nextSeq: le.Uint64(p[64:]),
		frozen: parseLoss(p[72:]), gathering: parseLoss(p[72+lossSize:]),
	}, nil
}

// readSlots returns the newest good slot. blank: the file holds nothing at
// all, as a new one does.
func readSlots(p []byte) (c cursor, blank bool, err error) {
	err, blank = errDamaged, true
	for _, v := range p {
		blank = blank && v == 0
	}
	for at := 0; at+slotUsed <= len(p); at += slotAt {
		got, e := parseCursor(p[at:])
		switch {
		case e == errNewer:
			return cursor{}, false, errNewer
		case e == nil && (err != nil || got.gen > c.gen):
			c, err = got, nil
		}
	}
	return c, blank, err
}

// openCursor opens or makes l's cursor file and returns what it says. A cursor
// of a newer version, or something that is no file of ours, is left as it is
// and the next name tried: a lost cursor costs duplicates and nothing else.
func (b *Buffer) openCursor(l *log) (cursor, error) {
	for i := range cursorNames {
		name := filepath.Join(l.dir, cursorName)
		if i > 0 {
			name += "-" + strconv.Itoa(i)
		}
		c, err := b.openCursorFile(l, name)
		switch {
		case err == nil:
			return c, nil
		case errors.Is(err, errNewer), errors.Is(err, vfs.ErrUnsafe):
			b.report(fmt.Errorf("buffer: open cursor %q: %w", name, err))
		default:
			return cursor{}, err
		}
	}
	return cursor{}, fmt.Errorf("buffer: open cursor in %q: %w", l.dir, errNewer)
}

func (b *Buffer) openCursorFile(l *log, name string) (c cursor, err error) {
	f, err := b.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = b.fs.Create(name)
		crash("cursor-created")
	}
	if err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	p := make([]byte, cursorSize)
	n, err := f.ReadAt(p, 0)
	if n < cursorSize && err != nil && !isEOF(err) {
		return c, err
	}
	c, blank, err := readSlots(p[:n])
	if errors.Is(err, errNewer) {
		return c, err
	}
	if err != nil && !blank {
		b.report(fmt.Errorf("buffer: read cursor %q, what was acknowledged comes again: %w", name, err))
	}
	if n < cursorSize {
		if err := f.Allocate(cursorSize); err != nil {
			return c, err
		}
	}
	l.curFile, l.gen = f, c.gen
	if b.opt.Mode == Mapped {
		if m, err := f.Map(cursorSize); err == nil {
			_ = m.Populate()
			l.curMap = m
		}
	}
	return c, nil
}

// reopenCursor makes the cursor anew after the directory was removed.
func (b *Buffer) reopenCursor(l *log) {
	l.saving.Lock()
	gen := l.gen
	l.closeCursor()
	_, err := b.openCursor(l)
	l.gen = max(gen, l.gen)
	l.saving.Unlock()
	if err != nil {
		b.report(fmt.Errorf("buffer: make cursor again: %w", err))
		return
	}
	b.save(l)
}

// save writes l's state into the older slot.
func (b *Buffer) save(l *log) {
	if b.opt.Mode == Heap {
		return
	}
	l.saving.Lock()
	defer l.saving.Unlock()
	b.mu.Lock()
	c := cursor{uuid: l.uuid, seq: l.at.seq, epoch: l.at.epoch, off: l.at.off, nextSeq: l.nextSeq}
	if l == b.own {
		c.frozen, c.gathering = b.frozen, b.gathering
		b.unsaved = false
	}
	b.mu.Unlock()
	l.gen++
	c.gen = l.gen
	if err := l.write(&c); err != nil {
		b.report(fmt.Errorf("buffer: save cursor in %q: %w", l.dir, err))
	}
}

// write is called with saving held.
func (l *log) write(c *cursor) error {
	if l.curFile == nil {
		return fs.ErrClosed
	}
	putCursor(l.slot[:], c)
	at := int64(c.gen%2) * slotAt
	if l.curMap == nil {
		_, err := l.curFile.WriteAt(l.slot[:], at)
		return err
	}
	s := segment{} // for its guard against faults only
	if !s.guarded(func() { copy(l.curMap.Bytes()[at:], l.slot[:]) }) {
		return errFault
	}
	crash("cursor-saved")
	return nil
}
