package codec

import (
	"encoding/binary"
	"math"
	"time"
)

// The primitives of writing. They do not look at limits: see builder.

// appendUvarint is binary.AppendUvarint with the one-byte case inlined into
// the caller: nearly every length of a record is below 128.
func appendUvarint(dst []byte, n uint64) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, n)
}

// appendVarint appends n so that small negative numbers (TRACE, DEBUG) are as
// short as positive ones.
func appendVarint(dst []byte, n int64) []byte {
	return appendUvarint(dst, uint64(n)<<1^uint64(n>>63))
}

// appendUint64 appends eight bytes. Integers have this fixed form, not a
// varint: writing a varint costs 2 to 5 ns, copying five bytes more costs a
// tenth of one.
func appendUint64(dst []byte, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(dst, n)
}

func appendString(dst []byte, s string) []byte {
	return append(appendUvarint(dst, uint64(len(s))), s...)
}

// Seconds between which a time's nanoseconds since 1970 fit in 64 bits.
const (
	minNear = math.MinInt64/int64(time.Second) + 1
	maxNear = math.MaxInt64/int64(time.Second) - 1
)

// appendTime appends an instant and its zone's offset. The zone's name is not
// kept: it is ambiguous, and no format we write has a place for it. The
// monotonic reading is meaningless in another process and is dropped.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, timeZero)
	}
	if sec := t.Unix(); sec >= minNear && sec <= maxNear {
		dst = appendUint64(append(dst, timeNear), uint64(t.UnixNano()))
	} else {
		dst = appendUint64(append(dst, timeFar), uint64(sec))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Nanosecond()))
	}
	return appendVarint(dst, int64(offset(t)))
}

// maxOffset is the first zone offset, in seconds, that RFC 3339 cannot write.
const maxOffset = 24 * 60 * 60

// offset returns the seconds that t's zone is ahead of UTC. A zone a day or
// more off is a mistake that would make encoders fail: UTC keeps the instant.
func offset(t time.Time) int {
	if t.Location() == time.UTC {
		return 0 // spares the look-up
	}
	_, off := t.Zone()
	if off <= -maxOffset || off >= maxOffset {
		return 0
	}
	return off
}
