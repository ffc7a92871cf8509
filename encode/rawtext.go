package encode

import "unicode/utf8"

// appendRaw appends s for a binary format, which knows where a string ends
// without escapes: as it is, but for bytes that are not UTF-8. They become U+FFFD,
// since receivers refuse a whole record for them. At limit it is cut between
// two characters, and marked.
func appendRaw[T text](dst []byte, s T, limit int) []byte {
	if len(dst)+len(s) <= limit && plainLen(s) == len(s) {
		return append(dst, s...)
	}
	start, i := 0, 0
	stop := min(len(s), max(limit-len(dst), 0)) // of i, until something is flushed
	for i < stop {
		if i += plainLen(s[i:stop]); i == stop {
			break
		}
		r, size := decodeRune(s, i)
		i += size
		if r != utf8.RuneError || size > 1 {
			continue
		}
		dst = append(dst, s[start:i-1]...)
		dst = utf8.AppendRune(dst, r)
		start = i
		stop = min(len(s), i+max(limit-len(dst), 0))
	}
	dst = append(dst, s[start:i]...)
	if i < len(s) {
		dst = appendCut(dst, len(s)-i)
	}
	return dst
}
