package buffer

import (
	"encoding/binary"
	"io"
)

const windowBlock = 256 << 10

// window reads a sealed segment in bounded memory: blocks of a file, or all of
// a mapping. Its memory is at most a block and the longest record.
type window struct {
	file   io.ReaderAt
	size   uint64
	buf    []byte
	at     uint64
	failed error  // the first read error, other than the end of the file
	wasted uint64 // bytes summed in vain
}

// thrifty bounds what a frame may cost once as many bytes were summed in vain
// as two segments have. Damage alone never comes there, because each record is
// summed once. A file made for it could: a header in each 32 bytes that is
// right in all but its sum takes the sum of up to a whole segment each time,
// and the scan as long as the square of its bytes.
const thrifty = 4 << 10

// bytes returns the n bytes at off, valid until the next call; fewer where the
// file ends. What cannot be read reads as zeros, so that one bad sector costs
// its block and not the rest.
func (w *window) bytes(off, n uint64) []byte {
	if off >= w.at && off+n <= w.at+uint64(len(w.buf)) {
		return w.buf[off-w.at : off-w.at+n]
	}
	if w.file == nil || off >= w.size {
		return nil
	}
	w.fill(off, min(max(n, windowBlock), w.size-off))
	return w.buf[:min(n, uint64(len(w.buf)))]
}

func (w *window) fill(off, want uint64) {
	if uint64(cap(w.buf)) < want {
		w.buf = make([]byte, want)
	}
	w.buf, w.at = w.buf[:want], off
	n, err := w.file.ReadAt(w.buf, int64(off))
	switch {
	case err == nil:
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		w.buf = w.buf[:n]
		w.size = off + uint64(n)
	default:
		if w.failed == nil {
			w.failed = err
		}
		clear(w.buf[n:])
	}
}

// reset points the window at another file, keeping its memory.
func (w *window) reset(f io.ReaderAt, size uint64) {
	*w = window{file: f, size: size, buf: w.buf[:0]}
}

// found is what nextFrame found.
type found struct {
	frame
	at      uint64
	payload []byte
	bad     bool // something committed was damaged on the way
	gap     bool // something was skipped on the way: a hole, zeros, damage
}

// nextFrame returns the first good record at or after off and before limit.
// Everything else is passed over, 32 bytes at a time:
//
//   - a length above 0 that does not check is damage;
//   - one below 0 is a producer that was killed in the middle. Its length is
//     not trusted for a jump, because a flipped sign bit would take more than
//     its own record with it; it only says where no damage is counted;
//   - 0 is a claim that was not begun, or a page that the power took, and more
//     may come behind it: pages reach the disk in any order.
//
// Nothing in a hole's bytes can pass for a record: place and the epoch in the
// CRC are those of this very spot in this very file.
func (s *segment) nextFrame(w *window, off, limit uint64) (found, bool) {
	var r found
	var hole uint64
	for ; off+frameSize <= limit; off += align {
		h := w.bytes(off, frameSize)
		if len(h) < frameSize {
			break
		}
		length := int32(binary.LittleEndian.Uint32(h))
		if length > 0 {
			if s.takeFrame(w, &r, h, length, off) {
				return r, true
			}
			r.bad = r.bad || off >= hole
		} else if n := uint64(-int64(length)); n > frameSize && off+n <= s.size {
			hole = max(hole, off+n)
		}
		r.gap = true
	}
	return r, false
}

// takeFrame fills r if there is a good record at off.
func (s *segment) takeFrame(w *window, r *found, h []byte, length int32, off uint64) bool {
	f, ok := s.parseFrame(h, length, off)
	if !ok {
		return false
	}
	n := uint64(frameSize + f.body())
	if n > thrifty && w.wasted > 2*s.size {
		return false
	}
	all := w.bytes(off, n)
	if uint64(len(all)) < n || !f.good(s, all[:frameSize], all[frameSize:]) {
		w.wasted += n
		return false
	}
	r.frame, r.at, r.payload = f, off, all[frameSize:]
	return true
}
