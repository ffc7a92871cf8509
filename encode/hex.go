package encode

import "encoding/binary"

// hexDigits returns the eight lower-case hexadecimal digits of x as bytes, the
// first in the highest byte. All eight are made at once in one register: the
// nibbles are spread to a byte each, and 39 is added to those above 9, which
// is how far 'a' is from '0'+10.
func hexDigits(x uint32) uint64 {
	v := uint64(x)
	v = (v<<16 | v) & 0x0000FFFF0000FFFF
	v = (v<<8 | v) & 0x00FF00FF00FF00FF
	v = (v<<4 | v) & 0x0F0F0F0F0F0F0F0F
	letters := (v + 0x0606060606060606) >> 4 & 0x0101010101010101
	return v + 0x3030303030303030 + letters*('a'-'0'-10)
}

func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

func hex8(b []byte, x uint32) { binary.BigEndian.PutUint64(b, hexDigits(x)) }

func putHex4(b []byte, digits uint32) { binary.BigEndian.PutUint32(b, digits) }

// appendHex appends src, any number of bytes, as hexadecimal digits.
func appendHex(dst, src []byte) []byte {
	for ; len(src) >= 4; src = src[4:] {
		dst = binary.BigEndian.AppendUint64(dst, hexDigits(be32(src)))
	}
	for _, c := range src {
		dst = append(dst, hexLower[c>>4], hexLower[c&15])
	}
	return dst
}

const hexLower = "0123456789abcdef"

// unhex returns the value of one hexadecimal digit, 255 for any other byte.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
