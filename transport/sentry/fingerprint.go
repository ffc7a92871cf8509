package sentry

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// fingerprint is what Sentry groups events by. A panic is told from others with
// the same words by where it happened: "index out of range" is not one issue.
func (m *maker) fingerprint(rec *encode.Record, panicked string) []string {
	parts := []string{cut(m.dest.Template(rec.Message), maxTag)}
	if rec.Scope != "" {
		parts = append(parts, rec.Scope)
	}
	if panicked != "" {
		parts = append(parts, panicked)
	}
	return parts
}

// Template returns message with "*" in place of what changes from one record to
// the next: what is in double quotes, and each word with a digit in it (numbers,
// addresses, identifiers, durations). Messages that are constant, as they should
// be with log/slog, stay what they are, but for such words.
//
//	user 4711 not found in "eu-1" after 1.5s → user * not found in * after *
func Template(message string) string {
	var b strings.Builder
	for message != "" {
		if message[0] == '"' {
			if end := strings.IndexByte(message[1:], '"'); end >= 0 {
				b.WriteByte('*')
				message = message[end+2:]
				continue
			}
		}
		n := wordLen(message)
		switch {
		case n == 0: // a separator, or a quotation mark that nothing ends
			_, n = utf8.DecodeRuneInString(message)
			b.WriteString(message[:n])
		case strings.ContainsFunc(message[:n], unicode.IsDigit):
			word := strings.TrimRight(message[:n], ".:")
			b.WriteByte('*')
			b.WriteString(message[len(word):n])
		default:
			b.WriteString(message[:n])
		}
		message = message[n:]
	}
	return b.String()
}

// wordLen is how long the word is that s begins with. Points, colons and dashes
// are within addresses, times and UUIDs; an accent belongs to its letter.
func wordLen(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-:%+", r) && r != unicode.ReplacementChar
	})
	if n < 0 {
		return len(s)
	}
	return n
}
