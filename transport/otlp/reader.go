package otlp

import (
	"encoding/binary"
	"errors"
)

var errWire = errors.New("not a protobuf message")

// field is one field of a message that a receiver sent.
type field struct {
	number int
	value  uint64 // of a varint
	bytes  []byte // of what has a length
}

// next takes the first field off b. Groups, which OTLP has none of, are errors.
func next(b []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(b)
	if n <= 0 || key>>3 == 0 || key>>3 > 1<<29-1 {
		return f, nil, errWire
	}
	f.number, b = int(key>>3), b[n:]
	size := 0
	switch key & 7 {
	case wireVarint:
		if f.value, n = binary.Uvarint(b); n <= 0 {
			return f, nil, errWire
		}
		return f, b[n:], nil
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireBytes:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return f, nil, errWire
		}
		size, b = int(length), b[n:]
	default:
		return f, nil, errWire
	}
	if size > len(b) {
		return f, nil, errWire
	}
	f.bytes = b[:size]
	return f, b[size:], nil
}

// each calls take for all fields of b.
func each(b []byte, take func(field) error) error {
	for len(b) > 0 {
		f, rest, err := next(b)
		if err == nil {
			err = take(f)
		}
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}
