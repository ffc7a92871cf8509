package buffer

import (
	"encoding/binary"
	"hash/crc32"
)

// A record in a segment, at a multiple of 32 bytes, all numbers little-endian:
//
//	 0         4         8                  16        20  21  22     24                 32
//	+---------+---------+------------------+---------+---+---+------+------------------+---------------+-----+
//	| length  | CRC-32C | place            | epoch   | t | l | chk  | time             | payload       | 0.. |
//	| i32     | u32     | u64              | low u32 | u8| u8| u16  | i64 unix ns      | length-32     |     |
//	+---------+---------+------------------+---------+---+---+------+------------------+---------------+-----+
//
// length counts header and payload. It is 0 where nothing was claimed, negative
// while a producer writes, positive from the commit on. A pad's length reaches
// to the end of what it covers, and it has no payload.
//
// CRC-32C is over the payload, then bytes 8 to 32, and the upper half of the
// segment's 64-bit epoch is folded in between (the lower half is in the bytes):
// payload first, so that one pass over it serves every route; the epoch so that
// bytes of another segment or an earlier use never check. Folding by exclusive
// or into the running CRC distinguishes epochs as well as four more bytes
// would, and saves a call per append.
//
// place is seq<<32 + offset of where the record was first written, modulo
// 2^64. chk is a hash of length: it refuses a damaged length before the CRC
// walks over what the length claims, so that recovery stays linear.
const (
	frameSize = 32
	align     = 32
)

// Types of records. Persisted: never renumber; 0 is invalid.
const (
	typeData uint8 = 1
	typePad  uint8 = 2
	typeMeta uint8 = 3
	typeMark uint8 = 4 // everything before its payload (seq u64, offset u64) was synced
)

const markSize = 16

// frame is a parsed record header.
type frame struct {
	length uint32
	sum    uint32
	place  uint64
	typ    uint8
	level  uint8
	time   int64
}

// stride returns the room that a record of this length takes.
func (f *frame) stride() uint64 { return (uint64(f.length) + align - 1) &^ (align - 1) }

// strideOf returns the room that a payload of n bytes takes.
func strideOf(n int) uint64 { return uint64(n+frameSize+align-1) &^ (align - 1) }

// checkLength is Fibonacci hashing: its upper half changes with every bit.
func checkLength(length uint32) uint16 { return uint16(length * 0x9E3779B1 >> 16) }

func placeOf(seq, off uint64) uint64 { return seq<<32 + off }

// putFrame fills bytes 4 to 32 of h; the length word is the caller's, who
// stores it last. sum is the payload's, 0 for a pad. epoch is the segment's,
// as 8 little-endian bytes.
func putFrame(h []byte, f *frame, epoch []byte) {
	_ = h[frameSize-1]
	binary.LittleEndian.PutUint64(h[8:], f.place)
	copy(h[16:20], epoch)
	tail := uint64(f.typ) | uint64(f.level)<<8 | uint64(checkLength(f.length))<<16
	binary.LittleEndian.PutUint32(h[20:], uint32(tail))
	binary.LittleEndian.PutUint64(h[24:], uint64(f.time))
	binary.LittleEndian.PutUint32(h[4:], sealSum(f.sum, h, epoch))
}

// sealSum continues a payload's sum over the header and the epoch.
func sealSum(sum uint32, h, epoch []byte) uint32 {
	return crc32.Update(sum^binary.LittleEndian.Uint32(epoch[4:8]), castagnoli, h[8:frameSize])
}

// parseFrame reads the header h of a committed record of the given length word
// and reports whether it can be one of this segment at this offset. It says
// nothing about the payload: see frame.good.
func (s *segment) parseFrame(h []byte, length int32, off uint64) (frame, bool) {
	f := frame{
		length: uint32(length),
		sum:    binary.LittleEndian.Uint32(h[4:]),
		place:  binary.LittleEndian.Uint64(h[8:]),
		typ:    h[20],
		level:  h[21],
		time:   int64(binary.LittleEndian.Uint64(h[24:])),
	}
	switch {
	case length < frameSize,
		binary.LittleEndian.Uint16(h[22:]) != checkLength(f.length),
		[4]byte(h[16:20]) != [4]byte(s.epochBytes[:4]),
		f.stride() > s.size-off,
		f.typ == 0 || f.typ > typeMark,
		f.level >= Levels:
		return f, false
	case f.place == placeOf(s.seq, off):
		return f, true
	default: // compacted: moved, but within the segment it was written to
		return f, s.flags&flagCompacted != 0 && f.place>>32 == s.seq&0xffffffff
	}
}

// good checks the CRC over h and payload (empty for a pad).
func (f *frame) good(s *segment, h, payload []byte) bool {
	return sealSum(Sum(payload), h, s.epochBytes[:]) == f.sum
}

// body is how many payload bytes are stored after the header.
func (f *frame) body() int {
	if f.typ == typePad {
		return 0
	}
	return int(f.length) - frameSize
}

// appendFrame appends a whole committed record to dst, for writers that have
// the segment's bytes to themselves (creation, compaction). dst's length must
// be the record's offset modulo 32.
func appendFrame(dst []byte, f frame, payload []byte, epoch []byte) []byte {
	f.length = uint32(frameSize + len(payload))
	f.sum = Sum(payload)
	var h [frameSize]byte
	binary.LittleEndian.PutUint32(h[:], f.length)
	putFrame(h[:], &f, epoch)
	dst = append(dst, h[:]...)
	dst = append(dst, payload...)
	return append(dst, zeros[:f.stride()-uint64(f.length)]...)
}

// zeros is what files are filled with. Never written.
var zeros [256 << 10]byte
