package otlp

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// The little of protobuf's wire format that is needed
// (https://protobuf.dev/programming-guides/encoding/). The SDK's way, to make a
// tree of messages and have it walked twice, is what costs there.

// The wire types.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// tag is what comes before a field. All of OTLP's that are used take one byte.
func tag(field, wire int) byte { return byte(field<<3 | wire) }

// sizeOf is how many bytes n takes as a varint.
func sizeOf(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

func appendNumber(dst []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(append(dst, tag(field, wireVarint)), n)
}

func appendFixed64(dst []byte, field int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tag(field, wireFixed64)), n)
}

func appendFixed32(dst []byte, field int, n uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, tag(field, wireFixed32)), n)
}

func appendText[T string | []byte](dst []byte, field int, s T) []byte {
	dst = binary.AppendUvarint(append(dst, tag(field, wireBytes)), uint64(len(s)))
	return append(dst, s...)
}

// valid returns s as protobuf takes it: one byte that is not UTF-8 would make a
// receiver refuse the whole request. What is invalid becomes U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// room is how many bytes are left free for a length that is not known yet: the
// usual number for what it is the length of.
type room int

const (
	roomSmall  room = 1 // below 128 bytes: a group
	roomRecord room = 2 // below 16 KiB
	roomBatch  room = 3 // below 2 MiB
)

// open begins a field whose length comes before it and is known at its end.
func (r room) open(dst []byte, field int) (_ []byte, at int) {
	var zero [roomBatch]byte
	dst = append(append(dst, tag(field, wireBytes)), zero[:r]...)
	return dst, len(dst)
}

// close writes the length of what began at at, and moves that if the length takes
// another number of bytes than was left free. To walk through everything twice
// and count first costs more than the rare move; and the same number in a longer
// form, which protobuf allows, is refused by strict readers.
func (r room) close(dst []byte, at int) []byte {
	n := len(dst) - at
	size := sizeOf(uint64(n))
	if more := size - int(r); more > 0 {
		var zero [binary.MaxVarintLen64]byte
		dst = append(dst, zero[:more]...)
		copy(dst[at+more:], dst[at:at+n])
	} else if more < 0 {
		copy(dst[at+more:], dst[at:])
		dst = dst[:len(dst)+more]
	}
	binary.PutUvarint(dst[at-int(r):], uint64(n))
	return dst
}
