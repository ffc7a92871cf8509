package httpstatus

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxExcerpt is the most bytes of a response body that an [Error] holds:
// enough for a JSON problem or the first line of an HTML page, and little enough
// for one line on stderr.
const MaxExcerpt = 512

// Excerpt returns the readable beginning of body, at most [MaxExcerpt] bytes,
// on one line: runs of white space become one space, and what does not print is
// left out: control characters (C0, DEL, C1), bidirectional and other format
// characters, line separators, and bytes that are not UTF-8. A body that is not
// text at all (compressed, say) gives "".
func Excerpt(body []byte) string { return cut(readable(body)) }

// readable is Excerpt without the limit.
func readable(body []byte) string {
	var b strings.Builder
	space, dropped := false, 0
	for len(body) > 0 {
		// The reader's limit may have split the last rune; that is no sign of
		// binary data.
		whole := utf8.FullRune(body)
		r, size := utf8.DecodeRune(body)
		body = body[size:]
		switch {
		case unicode.IsSpace(r):
			space = true
		case r == utf8.RuneError, !unicode.IsPrint(r):
			if whole {
				dropped++
			}
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	// Of random bytes about one in three prints. Text drops next to nothing.
	if dropped > b.Len()/4 {
		return ""
	}
	return b.String()
}

// cut shortens s to MaxExcerpt bytes at the edge of a rune.
func cut(s string) string {
	if len(s) <= MaxExcerpt {
		return s
	}
	return strings.ToValidUTF8(s[:MaxExcerpt], "")
}
