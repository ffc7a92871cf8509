package elasticsearch

import "io"

// maxText is how much of a string in an answer is kept; the rest is passed over.
const maxText = 2 << 10

// shortener passes JSON on with its long strings cut to maxText. Elasticsearch
// repeats all of a value that it refuses, up to the size of the document; a
// decoder would hold it, and a bound for the whole answer would take away the
// verdict on the record that has to have it. (A decoder that reads token by token
// holds each string just the same.)
//
// What comes may be anything: it only looks for quotes and escapes, and the
// decoder behind it judges the rest.
type shortener struct {
	r        io.Reader
	inString bool
	kept     int  // bytes of this string
	unit     int  // bytes to come of an escape, which is kept or cut as a whole
	keeping  bool // that escape
}

func (s *shortener) Read(p []byte) (int, error) {
	for {
		n, err := s.r.Read(p)
		if n = s.filter(p[:n]); n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// filter moves what is kept of p to its beginning.
func (s *shortener) filter(p []byte) (n int) {
	for _, c := range p {
		if s.keep(c) {
			p[n] = c
			n++
		}
	}
	return n
}

func (s *shortener) keep(c byte) bool {
	switch {
	case !s.inString:
		s.inString, s.kept = c == '"', 0
		return true
	case s.unit > 0:
		if s.unit--; s.unit == 0 && c == 'u' {
			s.unit = -4 // four digits; negative, so that a 'u' among them is none
		}
		return s.count(s.keeping)
	case s.unit < 0:
		s.unit++
		return s.count(s.keeping)
	case c == '"':
		s.inString = false
		return true
	case c == '\\':
		s.unit, s.keeping = 1, s.kept < maxText
		return s.count(s.keeping)
	default:
		return s.count(s.kept < maxText)
	}
}

func (s *shortener) count(keep bool) bool {
	if keep {
		s.kept++
	}
	return keep
}
