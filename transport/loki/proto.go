package loki

import (
	"encoding/binary"
	"math/bits"
)

// protoPush writes logproto.PushRequest (pkg/push/push.proto of Loki), by hand: it
// is four small messages, and generated code would bring a runtime of its own
// into every service.
//
//	PushRequest { repeated Stream streams = 1; }
//	Stream      { string labels = 1; repeated Entry entries = 2; }
//	Entry       { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3; }
//	LabelPair   { string name = 1; string value = 2; }
//	Timestamp   { int64 seconds = 1; int32 nanos = 2; }
type protoPush struct{}

// bytesField is the tag of a field with a length before it, and numberField that
// of a varint.
func bytesField(number int) byte  { return byte(number<<3 | 2) }
func numberField(number int) byte { return byte(number << 3) }

func (protoPush) begin(dst []byte, labels []label) []byte {
	start := len(dst)
	return closeField(appendSelector(dst, labels), start, 1)
}

func (protoPush) end(dst []byte, start int) []byte { return closeField(dst, start, 1) }

func (protoPush) entry(dst []byte, e *entry) []byte {
	start := len(dst)
	dst = appendTimestamp(dst, e.time.Unix(), e.time.Nanosecond())
	dst = appendBytes(dst, 2, e.line)
	for i := range e.meta.pairs {
		pair := len(dst)
		dst = appendBytes(dst, 1, e.meta.name(i))
		dst = appendBytes(dst, 2, e.meta.value(i))
		dst = closeField(dst, pair, 3)
	}
	return closeField(dst, start, 2)
}

// appendTimestamp appends field 1. A negative number of seconds, before 1970, is
// a varint of ten bytes, as in all of protobuf.
func appendTimestamp(dst []byte, seconds int64, nanos int) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(append(dst, numberField(1)), uint64(seconds))
	if nanos != 0 {
		dst = binary.AppendUvarint(append(dst, numberField(2)), uint64(nanos))
	}
	return closeField(dst, start, 1)
}

func appendBytes(dst []byte, number int, b []byte) []byte {
	dst = binary.AppendUvarint(append(dst, bytesField(number)), uint64(len(b)))
	return append(dst, b...)
}

// closeField makes a field of what was written from start on: it moves it for the
// tag and the length. To count first would mean to walk through all twice, and
// most of it moves by two bytes within the processor's cache.
func closeField(dst []byte, start, number int) []byte {
	size := len(dst) - start
	head := 1 + (bits.Len(uint(size)|1)+6)/7
	var zero [1 + binary.MaxVarintLen64]byte
	dst = append(dst, zero[:head]...)
	copy(dst[start+head:], dst[start:start+size])
	dst[start] = bytesField(number)
	binary.PutUvarint(dst[start+1:], uint64(size))
	return dst
}
