package encode

import "encoding/binary"

// The little of protobuf's wire format that is needed
// (https://protobuf.dev/programming-guides/encoding/).

// The wire types.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
)

// appendTag appends what comes before a field's value. Numbers up to 15 take
// one byte, which is why the fields that most records have got those.
func appendTag(dst []byte, field, wire int) []byte {
	if field < 16 {
		return append(dst, byte(field<<3|wire)) // where field is a constant, all of it is one
	}
	return binary.AppendUvarint(dst, uint64(field)<<3|uint64(wire))
}

func appendVarintField(dst []byte, field int, x uint64) []byte {
	if field < 16 && x < 0x80 {
		return append(dst, byte(field<<3|wireVarint), byte(x))
	}
	return binary.AppendUvarint(appendTag(dst, field, wireVarint), x)
}

// appendSignedField appends a field of type sint32 or sint64, zigzag.
func appendSignedField(dst []byte, field int, x int64) []byte {
	return appendVarintField(dst, field, uint64(x<<1)^uint64(x>>63))
}

func appendFixedField(dst []byte, field int, x uint64) []byte {
	return binary.LittleEndian.AppendUint64(appendTag(dst, field, wireFixed64), x)
}

func appendBytesField(dst []byte, field int, b []byte) []byte {
	dst = binary.AppendUvarint(appendTag(dst, field, wireBytes), uint64(len(b)))
	return append(dst, b...)
}

// appendTextField appends a field of type string, made valid and cut at limit.
func appendTextField[T text](dst []byte, field int, s T, limit int) []byte {
	dst = appendTag(dst, field, wireBytes)
	if len(dst)+len(s) <= limit && plainLen(s) == len(s) {
		if len(s) < 0x80 {
			dst = append(dst, byte(len(s)))
		} else {
			dst = binary.AppendUvarint(dst, uint64(len(s)))
		}
		return append(dst, s...)
	}
	dst, at := openLength(dst)
	return closeLength(appendRaw(dst, s, limit), at)
}

// openLength begins what has its length before it, with room for a length
// below 128. The alternative, to go through every message twice and sum up its
// size first, costs more than the rare move.
func openLength(dst []byte) (_ []byte, at int) {
	dst = append(dst, 0)
	return dst, len(dst)
}

// closeLength writes the length of what began at at, and moves that if the length
// needs more than the byte it has. A longer form of the same number in a fixed
// number of bytes would do without, and be two bytes more for each attribute.
func closeLength(dst []byte, at int) []byte {
	n := len(dst) - at
	if n < 0x80 {
		dst[at-1] = byte(n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(length[:], uint64(n))
	dst = append(dst, length[1:size]...) // room; what it holds does not matter
	copy(dst[at+size-1:], dst[at:at+n])
	copy(dst[at-1:], length[:size])
	return dst
}
