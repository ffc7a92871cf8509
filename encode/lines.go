package encode

import "unicode/utf8"

// appendLines appends s as [appendEscaped] does without quotes, but with U+FFFD
// itself for bytes that are not UTF-8, and with keep with line feeds and tabs as
// they are, for formats in which a line feed ends nothing.
func appendLines[T text](dst []byte, s T, limit int, keep bool) []byte {
	for i := 0; i < len(s); {
		if len(dst) >= limit {
			return appendCut(dst, len(s)-i)
		}
		n := min(plainLen(s[i:]), limit-len(dst))
		dst = append(dst, s[i:i+n]...)
		if i += n; i == len(s) || len(dst) >= limit {
			continue
		}
		r, size := decodeRune(s, i)
		if keep && (r == '\n' || r == '\t') || r == utf8.RuneError || keepRune(r, size, false) {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = appendRuneEscape(dst, r)
		}
		i += size
	}
	return dst
}
