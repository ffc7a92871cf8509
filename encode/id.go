package encode

import (
	"errors"
	"fmt"
)

// ErrID is what [ParseID] and [ID.UnmarshalText] wrap for text that is no UUID.
var ErrID = errors.New("not a UUID of 36 characters")

// ID identifies one record: 16 bytes in UUIDv7 layout (RFC 9562 §5.7), so IDs
// sort by the time they were made at. It stays the same over every delivery
// attempt and restart, so that a destination can drop duplicates.
type ID [16]byte

// ParseID reads what [ID.String] returns; upper-case digits are fine too. Any
// version and variant passes: an ID may have come through another system. A
// failure wraps [ErrID].
func ParseID(s string) (ID, error) {
	var id ID
	err := id.parse(s)
	return id, err
}

// IsZero reports whether id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String returns id as a UUID: 8-4-4-4-12 lower-case hexadecimal digits.
func (id ID) String() string {
	b := make([]byte, 0, idLen)
	return string(appendID(b, id))
}

// AppendText appends what String returns to b. The error is always nil.
func (id ID) AppendText(b []byte) ([]byte, error) { return appendID(b, id), nil }

// MarshalText returns what String returns. The error is always nil.
func (id ID) MarshalText() ([]byte, error) { return appendID(nil, id), nil }

// UnmarshalText sets id as [ParseID] does, and leaves it alone on an error.
func (id *ID) UnmarshalText(text []byte) error {
	var parsed ID
	if err := parsed.parse(string(text)); err != nil {
		return err
	}
	*id = parsed
	return nil
}

const idLen = 36

func (id *ID) parse(s string) error {
	if len(s) != idLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return fmt.Errorf("encode: parse id %q: %w", clip(s, 64), ErrID)
	}
	for i, at := range idDigits {
		hi, lo := unhex(s[at]), unhex(s[at+1])
		if hi > 15 || lo > 15 {
			return fmt.Errorf("encode: parse id %q: %w", s, ErrID)
		}
		id[i] = hi<<4 | lo
	}
	return nil
}

// idDigits is where each byte's two digits begin. Never written to.
var idDigits = [16]byte{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// clip keeps an error short whatever the input was.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}

// appendID is AppendText for the encoders' hot path. encoding/hex takes five
// calls and one byte at a time for the same, twice as long. The digits are
// written where they belong, over a template that has the dashes: made in an
// array first, they would have to be stored before they could be copied.
func appendID(dst []byte, id ID) []byte {
	dst = append(dst, "00000000-0000-0000-0000-000000000000"...)
	b := (*[idLen]byte)(dst[len(dst)-idLen:])
	hex8(b[0:8], be32(id[0:4]))
	mid := hexDigits(be32(id[4:8]))
	putHex4(b[9:13], uint32(mid>>32))
	putHex4(b[14:18], uint32(mid))
	mid = hexDigits(be32(id[8:12]))
	putHex4(b[19:23], uint32(mid>>32))
	putHex4(b[24:28], uint32(mid))
	hex8(b[28:36], be32(id[12:16]))
	return dst
}
