package encode

import "encoding/hex"

// ID identifies one record: 16 bytes in UUIDv7 layout (RFC 9562 §5.7), so IDs
// sort by the millisecond they were made in. It stays the same over every
// delivery attempt and restart, so that a destination can drop duplicates.
type ID [16]byte

// IsZero reports whether id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String returns id as a UUID: 8-4-4-4-12 lower-case hexadecimal digits.
func (id ID) String() string {
	b := make([]byte, 0, 36)
	b, _ = id.AppendText(b)
	return string(b)
}

// AppendText appends what String returns to b. The error is always nil.
func (id ID) AppendText(b []byte) ([]byte, error) {
	b = hex.AppendEncode(b, id[0:4])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[4:6])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[6:8])
	b = append(b, '-')
	b = hex.AppendEncode(b, id[8:10])
	b = append(b, '-')
	return hex.AppendEncode(b, id[10:16]), nil
}

// MarshalText returns what String returns. The error is always nil.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }
