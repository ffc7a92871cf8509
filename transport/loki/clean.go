package loki

import (
	"strconv"
	"unicode/utf8"
)

// truncated is the mark of all encoders where they cut something.
const truncated = "!TRUNCATED"

// room is what a mark takes at most, and a character before it that was begun.
const room = len(truncated+" 1000000000 bytes") + len(`\u001b`)

// appendClean appends s as text that a terminal can show (S1): control
// characters but line feeds and tabs, and those that turn the direction of text
// or end a line unseen, are written as \u001b. Bytes that are not UTF-8 become
// U+FFFD. Nothing has to be escaped for Loki, where an entry's end is known by its
// length. From limit on, the length of dst, s is cut between two characters, and
// marked.
func appendClean[T ~string | ~[]byte](dst []byte, s T, limit int) []byte {
	for i := 0; i < len(s); {
		if len(dst) >= limit-room && len(dst)+len(s)-i > limit {
			dst = append(dst, truncated+" "...)
			dst = strconv.AppendInt(dst, int64(len(s)-i), 10)
			return append(dst, " bytes"...)
		}
		if n := plain(s[i:], limit-room-len(dst)); n > 0 {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		var b [utf8.UTFMax]byte // a generic type cannot be decoded in place
		r, size := utf8.DecodeRune(b[:copy(b[:], s[i:])])
		if shown(r) {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		}
		i += size
	}
	return dst
}

// plain returns how many bytes of s are written as they are, one by one: those of
// ASCII that print, line feeds and tabs. It looks at most bytes, or one.
func plain[T ~string | ~[]byte](s T, most int) int {
	s = s[:min(len(s), max(most, 1))]
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < ' ' || c >= 0x7f) && c != '\n' && c != '\t' {
			return i
		}
	}
	return len(s)
}

const hex = "0123456789abcdef"

// shown reports whether r, which is no plain ASCII, is written as it is. What is
// not is the list of package encode, all of it below U+10000.
func shown(r rune) bool {
	switch {
	case r < 0xa0: // C0, DEL, C1
		return false
	case r == 0x061c, r == 0x200e, r == 0x200f:
		return false
	default:
		return !(r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069)
	}
}

// fit cuts line to most bytes, between two characters, and marks it; and makes
// UTF-8 of it, which Loki's API in JSON needs.
func fit(line []byte, most int) []byte {
	if len(line) > most {
		end := most - room
		for end > 0 && !utf8.RuneStart(line[end]) {
			end--
		}
		left := len(line) - end
		line = append(line[:end], truncated+" "...)
		line = strconv.AppendInt(line, int64(left), 10)
		line = append(line, " bytes"...)
	}
	if utf8.Valid(line) {
		return line
	}
	return valid(line, most)
}

// valid replaces each byte that is not UTF-8. It may take three times as much,
// so what is beyond most is cut once more.
func valid(line []byte, most int) []byte {
	out := make([]byte, 0, len(line)+64)
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if len(out)+utf8.UTFMax > most {
			break
		}
		out = utf8.AppendRune(out, r)
		line = line[size:]
	}
	return out
}
