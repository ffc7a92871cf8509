package overload

import "encoding/binary"

// Kept is a record that Requests keeps: what a buffer needs to append it later.
type Kept struct {
	Payload []byte
	Sum     uint32
	Level   uint8
	Time    int64
}

// ring keeps records one behind the other in bytes that are used again from the
// front. One allocation for each record, the rejected alternative, would be most
// of what keeping costs, and nearly all of it for nothing.
//
//	+----------+---------+----------+----------+-------------+
//	| size u32 | sum u32 | time i64 | level u8 | payload ... |
//	+----------+---------+----------+----------+-------------+
type ring struct {
	buf     []byte
	head    int // of the oldest record
	used    int // bytes from there, round the end
	records int
}

const keptHeader = 4 + 4 + 8 + 1

// minRing is the size that a ring begins with.
const minRing = 1 << 10

// push adds k, whose size is within most, and returns how many records had to go
// for it: those beyond most bytes or records.
func (r *ring) push(k *Kept, mostBytes, mostRecords int) (evicted int) {
	need := keptHeader + len(k.Payload)
	for r.used+need > mostBytes || r.records >= mostRecords {
		r.pop()
		evicted++
	}
	if r.used+need > len(r.buf) {
		r.grow(min(max(2*len(r.buf), r.used+need, minRing), mostBytes))
	}
	var h [keptHeader]byte
	binary.LittleEndian.PutUint32(h[:], uint32(len(k.Payload)))
	binary.LittleEndian.PutUint32(h[4:], k.Sum)
	binary.LittleEndian.PutUint64(h[8:], uint64(k.Time))
	h[16] = k.Level
	r.write(h[:])
	r.write(k.Payload)
	r.records++
	return evicted
}

// write adds p behind what is there.
func (r *ring) write(p []byte) {
	at := (r.head + r.used) % len(r.buf)
	n := copy(r.buf[at:], p)
	copy(r.buf, p[n:])
	r.used += len(p)
}

// read fills p with what stands at bytes behind head.
func (r *ring) read(p []byte, at int) {
	at = (r.head + at) % len(r.buf)
	n := copy(p, r.buf[at:])
	copy(p[n:], r.buf)
}

func (r *ring) grow(size int) {
	buf := make([]byte, size)
	if r.used > 0 {
		r.read(buf[:r.used], 0)
	}
	r.buf, r.head = buf, 0
}

// pop forgets the oldest record.
func (r *ring) pop() {
	var h [4]byte
	r.read(h[:], 0)
	n := keptHeader + int(binary.LittleEndian.Uint32(h[:]))
	r.head = (r.head + n) % len(r.buf)
	r.used -= n
	r.records--
}

// each calls f with the records, the oldest first; f keeps nothing of them.
func (r *ring) each(f func(k *Kept)) {
	var h [keptHeader]byte
	var k Kept
	for at := 0; at < r.used; at += keptHeader + len(k.Payload) {
		r.read(h[:], at)
		n := int(binary.LittleEndian.Uint32(h[:]))
		k.Sum = binary.LittleEndian.Uint32(h[4:])
		k.Time = int64(binary.LittleEndian.Uint64(h[8:]))
		k.Level = h[16]
		if cap(k.Payload) < n {
			k.Payload = make([]byte, n)
		}
		k.Payload = k.Payload[:n]
		r.read(k.Payload, at+keptHeader)
		f(&k)
	}
}

// reset empties r and leaves it its memory.
func (r *ring) reset() { r.head, r.used, r.records = 0, 0, 0 }
