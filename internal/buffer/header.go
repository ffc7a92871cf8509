package buffer

import (
	"encoding/binary"
	"errors"
)

// A segment's first 4096 bytes: two copies of this block, at 0 and at 2048.
//
//	 0  magic "SLGSHIP\n"            8
//	 8  format u16, min reader u16   4   a reader of format >= min reader may read it
//	12  header length u32            4   4096
//	16  flags u32                    4
//	20  byte-order tag u32           4   0x01020304
//	24  buffer UUID                 16
//	40  seq u64                      8
//	48  epoch u64                    8   random per file, inside each record's CRC
//	56  size u64                     8   of the whole file
//	64  created i64                  8   unix ns, information only
//	72  origin epoch u64             8   of the file this one was rewritten from, or 0
//	80  CRC-32C u32                  4   over bytes 0 to 80
//	84  length of the key's head u16 2   of an encrypted segment only (format 2)
//	86  head                         n   by which the Cipher finds the key
//	86+n CRC-32C u32                 4   over bytes 84 to 86+n
//
// Two copies because a torn or flipped sector must not cost a whole segment.
// There is no link to the previous segment: spares that were never used and
// segments that were acknowledged leave gaps, so a link could prove nothing.
const (
	headerSize  = 4096
	headerCopy  = 2048
	headerUsed  = 84
	headerKey   = 84 // of an encrypted segment: head's length u16, head, CRC-32C of both
	formatNow   = 1
	formatSeal  = 2 // of encrypted segments, and the newest that this version reads
	orderTag    = 0x01020304
	headerMagic = "SLGSHIP\n"
)

// Flags of a segment. Persisted.
const (
	flagCompacted uint32 = 1 // rewritten with fewer records: offsets differ from the original's
	flagRescued   uint32 = 2 // rewritten after a failed sync: offsets are the original's
	flagWritten   uint32 = 4 // filled by pwrite: a kill may cut its last write short
	flagSealed    uint32 = 8 // encrypted
)

// Errors about one file, for OnError and the tests.
var (
	errDamaged = errors.New("damaged header")
	errForeign = errors.New("belongs to another buffer")
	errNewer   = errors.New("written by a newer version")
)

type header struct {
	flags             uint32
	uuid              [16]byte
	seq, epoch        uint64
	size              uint64
	created           int64
	origin            uint64
	format, minReader uint16
	key               []byte // of an encrypted one: the key's head
}

// appendHeader appends the whole header page to dst.
func appendHeader(dst []byte, h *header) []byte {
	var b [headerCopy]byte
	copy(b[:], headerMagic)
	le := binary.LittleEndian
	format := uint16(formatNow)
	if h.flags&flagSealed != 0 {
		format = formatSeal
		le.PutUint16(b[headerKey:], uint16(len(h.key)))
		end := headerKey + 2 + copy(b[headerKey+2:], h.key)
		le.PutUint32(b[end:], Sum(b[headerKey:end]))
	}
	le.PutUint16(b[8:], format)
	le.PutUint16(b[10:], format)
	le.PutUint32(b[12:], headerSize)
	le.PutUint32(b[16:], h.flags)
	le.PutUint32(b[20:], orderTag)
	copy(b[24:], h.uuid[:])
	le.PutUint64(b[40:], h.seq)
	le.PutUint64(b[48:], h.epoch)
	le.PutUint64(b[56:], h.size)
	le.PutUint64(b[64:], uint64(h.created))
	le.PutUint64(b[72:], h.origin)
	le.PutUint32(b[80:], Sum(b[:80]))
	dst = append(dst, b[:]...)
	return append(dst, b[:]...)
}

// parseHeader reads a header page. errNewer wins over errDamaged: a newer file
// may have moved everything but magic and versions.
func parseHeader(page []byte) (header, error) {
	err := errDamaged
	for _, at := range []int{0, headerCopy} {
		if len(page) < at+headerUsed {
			break
		}
		h, e := parseHeaderCopy(page[at:min(at+headerCopy, len(page))])
		if e == nil {
			return h, nil
		}
		if e == errNewer {
			err = e
		}
	}
	return header{}, err
}

func parseHeaderCopy(b []byte) (header, error) {
	le := binary.LittleEndian
	if string(b[:8]) != headerMagic {
		return header{}, errDamaged
	}
	good := le.Uint32(b[80:]) == Sum(b[:80]) && le.Uint32(b[20:]) == orderTag
	h := header{
		format: le.Uint16(b[8:]), minReader: le.Uint16(b[10:]),
		flags: le.Uint32(b[16:]), uuid: [16]byte(b[24:40]),
		seq: le.Uint64(b[40:]), epoch: le.Uint64(b[48:]), size: le.Uint64(b[56:]),
		created: int64(le.Uint64(b[64:])), origin: le.Uint64(b[72:]),
	}
	switch {
	case h.minReader > formatSeal && h.minReader <= h.format:
		return h, errNewer
	case !good, h.flags&flagSealed != 0 && !h.takeKey(b[headerKey:]), h.size < headerSize+frameSize, h.size > maxSegmentSize:
		return header{}, errDamaged
	}
	return h, nil
}

// takeKey reads the key's head and reports whether it is whole.
func (h *header) takeKey(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	end := 2 + int(binary.LittleEndian.Uint16(b))
	if end > 2+maxHead || len(b) < end+4 || binary.LittleEndian.Uint32(b[end:]) != Sum(b[:end]) {
		return false
	}
	h.key = append([]byte(nil), b[2:end]...)
	return true
}
