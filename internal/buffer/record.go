package buffer

import "hash/crc32"

// Levels is how many level indexes there are: 0 TRACE to 6 FATAL, as
// encode.LevelIndex counts them.
const Levels = 7

const idSize = 16

// Position is a place in one process's own log. It grows in append order and
// means nothing to another process's log.
type Position uint64

// Record is what Append takes. The buffer keeps nothing of it after Append
// has returned.
type Record struct {
	Payload []byte // its first 16 bytes are the record's id
	Sum     uint32 // Sum(Payload), so that several routes pay for it once
	Level   uint8  // index, below Levels
	Time    int64  // unix nanoseconds of the append, for its age
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum returns the CRC-32C of p.
func Sum(p []byte) uint32 { return crc32.Update(0, castagnoli, p) }

// Entry is one record on its way to the consumer.
type Entry struct {
	Payload string // aliases the Chunk's memory: valid until Chunk.Reset
	Level   uint8
	Time    int64 // unix nanoseconds of the append
	Mark    Mark
	Meta    *Meta // one per segment, shared by its entries; nil if there was none
}

// Meta is a segment's Options.Meta, as the process that wrote the segment gave
// it.
type Meta struct {
	Bytes []byte
	Cache any // the consumer's own, such as the decoded resource
}

// Mark is a record's place in reading order. Its zero value is the place
// before everything. Marks are comparable with == and valid in the buffer
// that gave them.
type Mark struct {
	n     uint64 // entries handed out up to here, so that a difference counts records
	order uint32 // the segment's place in reading order
	off   uint32 // just behind the record
}

// before reports whether m comes before o in reading order.
func (m Mark) before(o Mark) bool {
	return m.order < o.order || m.order == o.order && m.off < o.off
}
