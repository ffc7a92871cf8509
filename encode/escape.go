package encode

import (
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// This file is the one place that decides which characters may go out as they
// are. All formats with text use it, so a character that is found to be
// dangerous is escaped everywhere by one change here.
//
// Not written raw, on top of what JSON asks for:
//
//   - DEL and C1 (U+007F to U+009F): terminals act on them, U+0085 ends a line
//   - U+2028, U+2029: end a line in JavaScript and in many viewers
//   - U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: reorder what
//     a reader sees, so that a line seems to say something else
//   - bytes that are not UTF-8: become U+FFFD

// text is what can be escaped. Both forms exist so that bytes need not be
// copied into a string first.
type text interface{ ~string | ~[]byte }

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

// special marks, with its high bit, each byte of w that is not plain: below
// space, a quote, a backslash, DEL, or not ASCII. A marked byte may borrow from
// or carry into the next higher one and mark that wrongly, so only the lowest
// mark can be trusted; that is the one that is looked for.
func special(w uint64) uint64 {
	return (w | (w - eachByte*0x20) | ((w ^ eachByte*'"') - eachByte) |
		((w ^ eachByte*'\\') - eachByte) | (w + eachByte)) & highBits
}

func isPlain(c byte) bool { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' }

// plainLen returns how many bytes of s, from its start, are printable ASCII
// other than quote and backslash, and so need no escape in any format. It reads
// eight bytes at a time: nearly all keys and values are plain to their end.
func plainLen[T text](s T) int {
	if len(s) < 8 {
		return plainLenShort(s)
	}
	for i := 0; i+8 <= len(s); i += 8 {
		if m := special(load64(s, i)); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	// The last word overlaps bytes already seen to be plain.
	if m := special(load64(s, len(s)-8)); m != 0 {
		return len(s) - 8 + bits.TrailingZeros64(m)>>3
	}
	return len(s)
}

// plainLenShort puts the up to seven bytes into one word, some of them twice.
// Only if one of them is special does it matter which.
func plainLenShort[T text](s T) int {
	n := len(s)
	var w uint64
	switch {
	case n >= 4:
		w = uint64(load32(s, 0)) | uint64(load32(s, n-4))<<32
	case n > 0:
		w = uint64(s[0]) | uint64(s[n>>1])<<8 | uint64(s[n-1])<<16 | 0x2020202020<<24
	default:
		return 0
	}
	if special(w) == 0 {
		return n
	}
	for i := 0; i < len(s); i++ {
		if !isPlain(s[i]) {
			return i
		}
	}
	return len(s)
}

// load64 compiles to one load; encoding/binary has it for []byte only.
func load64[T text](s T, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

func load32[T text](s T, i int) uint32 {
	_ = s[i+3]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

// appendQuoted appends s as a JSON string, cut and marked where dst would grow
// beyond limit.
func appendQuoted[T text](dst []byte, s T, limit int) []byte {
	if plainLen(s) == len(s) && len(dst)+len(s) <= limit {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	dst = append(dst, '"')
	dst = appendEscaped(dst, s, limit, true)
	return append(dst, '"')
}

// appendEscaped appends s with JSON's escapes but without quotes around it.
// With quoted false a quote and a backslash stay as they are: the text is for
// a reader and not for a parser. At limit it ends with a mark that tells how
// many bytes of s are missing.
func appendEscaped[T text](dst []byte, s T, limit int, quoted bool) []byte {
	start, i := 0, 0
	stop := min(len(s), max(limit-len(dst), 0)) // of i, until something is flushed
	for i < stop {
		if quoted {
			i += plainLen(s[i:stop])
			if i == stop {
				break
			}
		}
		r, size := decodeRune(s, i)
		if keepRune(r, size, quoted) {
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendRuneEscape(dst, r)
		i += size
		start = i
		stop = min(len(s), i+max(limit-len(dst), 0))
	}
	dst = append(dst, s[start:i]...)
	if i < len(s) {
		dst = appendCut(dst, len(s)-i)
	}
	return dst
}

// decodeRune is utf8.DecodeRune at s[i:] for both forms of text, with size 1
// and U+FFFD for bytes that are not UTF-8.
func decodeRune[T text](s T, i int) (r rune, size int) {
	c := s[i]
	if c < utf8.RuneSelf {
		return rune(c), 1
	}
	// Two and three bytes are nearly all that is written; the leads E0, ED and
	// F0 to F4 have rules for the byte after them, which utf8 knows.
	switch left := len(s) - i; {
	case c >= 0xC2 && c <= 0xDF && left >= 2 && s[i+1]&0xC0 == 0x80:
		return rune(c&0x1F)<<6 | rune(s[i+1]&0x3F), 2
	case c >= 0xE1 && c <= 0xEF && c != 0xED && left >= 3 && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80:
		return rune(c&0x0F)<<12 | rune(s[i+1]&0x3F)<<6 | rune(s[i+2]&0x3F), 3
	}
	var b [utf8.UTFMax]byte
	n := copy(b[:], s[i:])
	return utf8.DecodeRune(b[:n])
}

// keepRune reports whether r, decoded from size bytes, may be written raw.
func keepRune(r rune, size int, quoted bool) bool {
	switch {
	case r < 0x20 || r >= 0x7F && r <= 0x9F:
		return false
	case r < 0x7F:
		return !quoted || r != '"' && r != '\\'
	case r == utf8.RuneError:
		return size > 1 // a U+FFFD that was there, not a byte that is not UTF-8
	default:
		return !reorders(r)
	}
}

// reorders reports whether r ends a line or turns the direction of what
// follows: see the list at the top.
func reorders(r rune) bool {
	switch {
	case r < 0x2000:
		return r == 0x061C
	case r > 0x2069:
		return false
	}
	return r == 0x200E || r == 0x200F || r >= 0x2028 && r <= 0x202E || r >= 0x2066
}

func appendRuneEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u',
		hexLower[r>>12&15], hexLower[r>>8&15], hexLower[r>>4&15], hexLower[r&15])
}

// truncated starts every mark that an encoder leaves where it cut something.
const truncated = "!TRUNCATED"

// appendCut marks, inside a string, that n bytes of it are missing.
func appendCut(dst []byte, n int) []byte {
	dst = append(dst, truncated+" "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, " bytes"...)
}
