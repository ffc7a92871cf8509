package loki

import "strconv"

// maxName is how long a name in the metadata may get.
const maxName = 256

// validName reports whether s may name a label. "__" in front is Loki's own.
func validName(s string) bool {
	if s == "" || len(s) > 1 && s[:2] == "__" || s == "_" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !nameByte(s[i]) || i == 0 && digit(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || digit(c)
}

// appendName appends name in the form that Loki gives it anyway, which is
// OpenTelemetry's for Prometheus: each run of other characters and underscores
// is one underscore, and "key_" is before a digit. To leave it to Loki was
// rejected: two attributes could become one of the same name there, and a name of
// which nothing is left makes it answer 500, again and again.
func appendName(dst []byte, name string) []byte { return appendNameAt(dst, len(dst), name) }

// appendNameAt is appendName for a name that began at start, with those of the
// groups around it.
func appendNameAt(dst []byte, start int, name string) []byte {
	for i := 0; i < len(name) && len(dst)-start < maxName; i++ {
		c := name[i]
		if !nameByte(c) {
			c = '_'
		}
		if c == '_' && len(dst) > start && dst[len(dst)-1] == '_' {
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// settleName makes a name of what begins at start: one that is Loki's for no
// purpose of its own, and is not in use.
func settleName(dst []byte, start int, used func(name []byte) bool) []byte {
	name := dst[start:]
	switch {
	case len(name) == 0 || string(name) == "_":
		dst = append(dst[:start], "key"...)
	case digit(name[0]):
		dst = append(dst, "key_"...)
		copy(dst[start+len("key_"):], dst[start:])
		copy(dst[start:], "key_")
	}
	end := len(dst)
	for n := 2; used(dst[start:]); n++ {
		if dst = dst[:end]; dst[end-1] != '_' { // Loki would make one of two
			dst = append(dst, '_')
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	return dst
}
