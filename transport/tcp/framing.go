package tcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/slogship/slogship/encode"
)

// Framing is how one record is told from the next.
type Framing uint8

// The framings.
const (
	// Newline ends each record with LF. An LF or CR inside becomes a space, so
	// that nothing which was logged can pass for a record of its own.
	Newline Framing = 0
	// OctetCounted writes the length in decimal and a space before each record
	// (RFC 6587 §3.4.1). All bytes of the record are kept.
	OctetCounted Framing = 1
	// Length32 writes the length as four bytes, big-endian, before each record.
	// All bytes of the record are kept.
	Length32 Framing = 2
	// Null ends each record with a zero byte, as GELF over TCP wants. A zero
	// byte inside becomes a space.
	Null Framing = 3
)

// String returns the framing's name.
func (f Framing) String() string {
	switch f {
	case Newline:
		return "Newline"
	case OctetCounted:
		return "OctetCounted"
	case Length32:
		return "Length32"
	case Null:
		return "Null"
	default:
		return fmt.Sprintf("Framing(%d)", uint8(f))
	}
}

// Errors of a single record. Both are permanent.
var (
	errEmpty = errors.New("the encoder wrote nothing") // a frame without content means nothing, or is not allowed
	errLong  = errors.New("longer than its length field can say")
)

// appendFrame appends rec in enc's format, framed. On an error it returns dst
// as it was.
func (f Framing) appendFrame(dst []byte, enc encode.Encoder, rec *encode.Record) ([]byte, error) {
	start := len(dst)
	if f == Length32 {
		dst = append(dst, 0, 0, 0, 0)
	}
	body := len(dst)
	dst, err := enc.AppendRecord(dst, rec)
	switch {
	case err != nil:
		return dst[:start], err
	case len(dst) == body:
		return dst[:start], errEmpty
	case uint64(len(dst)-body) > math.MaxUint32:
		return dst[:start], errLong
	}
	switch f {
	case OctetCounted:
		return insertLength(dst, body), nil
	case Length32:
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-body))
		return dst, nil
	case Null:
		blank(dst[body:], 0)
		return append(dst, 0), nil
	default:
		blank(dst[body:], '\n')
		blank(dst[body:], '\r')
		return append(dst, '\n'), nil
	}
}

// insertLength puts "LEN SP" before dst[body:]. The record has to be moved, as
// its length was not known before: a memmove, against encoding it twice.
func insertLength(dst []byte, body int) []byte {
	var digits [21]byte
	prefix := append(strconv.AppendInt(digits[:0], int64(len(dst)-body), 10), ' ')
	dst = append(dst, prefix...) // room; what it holds does not matter
	copy(dst[body+len(prefix):], dst[body:])
	copy(dst[body:], prefix)
	return dst
}

// blank replaces each c in p by a space.
func blank(p []byte, c byte) {
	for {
		i := bytes.IndexByte(p, c)
		if i < 0 {
			return
		}
		p[i] = ' '
		p = p[i+1:]
	}
}
