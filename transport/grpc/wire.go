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

// reader goes through the fields of one message. The zero reader of a message is
// before its first field.
//
// Messages are read as strings: what is a string in them can be cut out without
// being copied, and nobody can change it.
type reader struct {
	rest  string
	err   error // why next returned false before the end
	field       // the one that next has read
}

// next reads a field; false is the end of the message or an error.
func (r *reader) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	tag := uint64(r.rest[0])
	if tag < 0x80 {
		r.rest = r.rest[1:]
	} else if tag, r.rest, r.err = varint(r.rest); r.err != nil {
		return false
	}
	if tag>>3 == 0 || tag>>3 > maxField {
		r.err = fmt.Errorf("field %d: %w", tag>>3, errWire)
		return false
	}
	r.number, r.wire = int(tag>>3), int(tag&7)
	var err error
	switch r.wire {
	case wireVarint:
		r.num, r.rest, err = varint(r.rest)
	case wireFixed64:
		r.num, r.rest, err = fixed(r.rest, 8)
	case wireFixed32:
		r.num, r.rest, err = fixed(r.rest, 4)
	case wireBytes:
		r.text, r.rest, err = lengthPrefixed(r.rest)
	default:
		err = errWire
	}
	if err != nil {
		r.err = fmt.Errorf("field %d of wire type %d: %w", r.number, r.wire, err)
	}
	return err == nil
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
	if size == 8 { // one load, once the compiler has seen it
		x = uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		return x, s[8:], nil
	}
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24, s[4:], nil
}

func lengthPrefixed(s string) (body, rest string, err error) {
	if len(s) > 0 && s[0] < 0x80 && int(s[0]) < len(s) { // nearly all
		end := 1 + int(s[0])
		return s[1:end], s[end:], nil
	}
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
