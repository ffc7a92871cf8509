package grpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// The little of protobuf's wire format that is needed
// (https://protobuf.dev/programming-guides/encoding/).

// errWire is wrapped by the errors about bytes that are not the messages of
// logentry.proto.
var errWire = errors.New("not a valid message")

// The wire types. Those of groups, 3 and 4, are not in proto3.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// maxField is protobuf's own limit of field numbers.
const maxField = 1<<29 - 1

// field is one field of a message: its number, its wire type and its value,
// which is in num for numbers and in text for all else.
type field struct {
	number, wire int
	num          uint64
	text         string
}

// nextField reads the first field of a message and returns what follows it.
//
// Messages are read as strings: what is a string in them can be cut out without
// being copied, and nobody can change it.
func nextField(msg string) (f field, rest string, err error) {
	tag, rest, err := varint(msg)
	if err != nil {
		return f, "", err
	}
	if tag>>3 == 0 || tag>>3 > maxField {
		return f, "", fmt.Errorf("field %d: %w", tag>>3, errWire)
	}
	f.number, f.wire = int(tag>>3), int(tag&7)
	switch f.wire {
	case wireVarint:
		f.num, rest, err = varint(rest)
	case wireFixed64:
		f.num, rest, err = fixed(rest, 8)
	case wireFixed32:
		f.num, rest, err = fixed(rest, 4)
	case wireBytes:
		f.text, rest, err = lengthPrefixed(rest)
	default:
		err = errWire
	}
	if err != nil {
		return f, "", fmt.Errorf("field %d of wire type %d: %w", f.number, f.wire, err)
	}
	return f, rest, nil
}

// varint is binary.Uvarint for strings.
func varint(s string) (x uint64, rest string, err error) {
	if len(s) > 0 && s[0] < 0x80 {
		return uint64(s[0]), s[1:], nil
	}
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		b := s[i]
		if b < 0x80 {
			if i == binary.MaxVarintLen64-1 && b > 1 {
				break
			}
			return x | uint64(b)<<(7*i), s[i+1:], nil
		}
		x |= uint64(b&0x7f) << (7 * i)
	}
	return 0, "", errWire
}

// fixed reads a little-endian number of size bytes.
func fixed(s string, size int) (x uint64, rest string, err error) {
	if len(s) < size {
		return 0, "", errWire
	}
	for i := size - 1; i >= 0; i-- {
		x = x<<8 | uint64(s[i])
	}
	return x, s[size:], nil
}

func lengthPrefixed(s string) (body, rest string, err error) {
	n, rest, err := varint(s)
	if err != nil || n > uint64(len(rest)) {
		return "", "", errWire
	}
	return rest[:n], rest[n:], nil
}

// unzigzag is how sint32 and sint64 are read.
func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }

// is reports whether f is the field with that number and wire type. One with the
// number and another type is skipped, as protobuf's own parsers do.
func (f *field) is(number, wire int) bool { return f.number == number && f.wire == wire }

// utf8Text is the value of a field of type string.
func (f *field) utf8Text() (string, error) {
	if !utf8.ValidString(f.text) {
		return "", fmt.Errorf("field %d: not UTF-8: %w", f.number, errWire)
	}
	return f.text, nil
}

// array copies the value of a bytes field of exactly that many bytes, or of
// none, which leaves dst alone.
func (f *field) array(dst []byte) error {
	if len(f.text) != 0 && len(f.text) != len(dst) {
		return fmt.Errorf("field %d: %d bytes instead of %d: %w", f.number, len(f.text), len(dst), errWire)
	}
	copy(dst, f.text)
	return nil
}
