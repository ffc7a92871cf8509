package encode

import "strconv"

// json appends a value that is JSON already, on one line and with the escapes
// that all other strings get. Text that is not valid, that nests deeper than is
// left or does not fit becomes a string: nothing that was logged may break the
// line that it stands in.
func (w *jsonWriter) json(dst []byte, src JSON, depth int) []byte {
	start := len(dst)
	c := jsonCopier{src: src, limit: w.limit, deepest: w.deepest, elastic: w.elastic}
	if dst, ok := c.document(dst, depth); ok {
		return dst
	}
	return appendQuoted(dst[:start], src, w.limit)
}

// jsonCopier copies one JSON text (RFC 8259), checking it on the way.
// json.Compact takes three times as long for less: it leaves strings as they
// are, with bytes that are not UTF-8 and characters that turn a line around.
type jsonCopier struct {
	src     []byte
	pos     int
	limit   int
	deepest int
	elastic bool // see [jsonWriter]
}

func (c *jsonCopier) document(dst []byte, depth int) ([]byte, bool) {
	dst, ok := c.value(dst, depth)
	c.space()
	return dst, ok && c.pos == len(c.src) && len(dst) <= c.limit
}

// value copies the value at pos and the space before it.
func (c *jsonCopier) value(dst []byte, depth int) ([]byte, bool) {
	switch b := c.peek(); {
	case b == '{' || b == '[':
		if depth >= c.deepest || len(dst) >= c.limit {
			return dst, false
		}
		return c.container(dst, depth, b)
	case b == '"':
		return c.string(dst)
	case b == 't':
		return c.literal(dst, "true")
	case b == 'f':
		return c.literal(dst, "false")
	case b == 'n':
		return c.literal(dst, "null")
	default:
		return c.number(dst)
	}
}

// container copies an object or a list; pos is at its opening bracket.
func (c *jsonCopier) container(dst []byte, depth int, open byte) (_ []byte, ok bool) {
	end := open + 2 // in ASCII, for both kinds
	dst = append(dst, open)
	c.pos++
	if c.peek() == end {
		c.pos++
		return append(dst, end), true
	}
	for {
		if open == '{' {
			if dst, ok = c.name(dst); !ok {
				return dst, false
			}
		}
		if dst, ok = c.value(dst, depth+1); !ok || len(dst) > c.limit {
			return dst, false
		}
		b := c.peek()
		c.pos++
		switch b {
		case ',':
			dst = append(dst, ',')
		case end:
			return append(dst, end), true
		default:
			return dst, false
		}
	}
}

// name copies a member's name and the colon after it.
func (c *jsonCopier) name(dst []byte) ([]byte, bool) {
	if c.peek() != '"' {
		return dst, false
	}
	start := len(dst) + 1
	dst, ok := c.string(dst)
	if !ok || c.peek() != ':' {
		return dst, false
	}
	if c.elastic {
		dst = elasticQuoted(dst, start)
	}
	c.pos++
	return append(dst, ':'), true
}

// string copies a string; pos is at its opening quote.
func (c *jsonCopier) string(dst []byte) (_ []byte, ok bool) {
	dst = append(dst, '"')
	c.pos++
	for {
		rest := c.src[c.pos:]
		n := plainLen(rest)
		dst = append(dst, rest[:n]...)
		c.pos += n
		switch b := c.at(); {
		case b == '"':
			c.pos++
			return append(dst, '"'), true
		case b == '\\':
			if dst, ok = c.escape(dst); !ok {
				return dst, false
			}
		case b < 0x20: // also the end of src
			return dst, false
		case len(dst) > c.limit:
			return dst, false
		default:
			dst = c.rune(dst)
		}
	}
}

// rune copies one character that is not plain.
func (c *jsonCopier) rune(dst []byte) []byte {
	r, size := decodeRune(c.src, c.pos)
	if keepRune(r, size, true) {
		dst = append(dst, c.src[c.pos:c.pos+size]...)
	} else {
		dst = appendRuneEscape(dst, r)
	}
	c.pos += size
	return dst
}

// escape copies one escape; pos is at its backslash. Half a surrogate pair,
// which some parsers refuse, becomes U+FFFD.
func (c *jsonCopier) escape(dst []byte) ([]byte, bool) {
	c.pos++
	b := c.at()
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.pos++
		return append(dst, '\\', b), true
	case 'u':
	default:
		return dst, false
	}
	r, ok := c.hex4(c.pos + 1)
	if !ok {
		return dst, false
	}
	c.pos += 5
	if r < 0xD800 || r > 0xDFFF {
		return appendRuneEscape(dst, r), true
	}
	if r < 0xDC00 && c.at() == '\\' && c.pos+1 < len(c.src) && c.src[c.pos+1] == 'u' {
		if low, ok := c.hex4(c.pos + 2); ok && low >= 0xDC00 && low <= 0xDFFF {
			c.pos += 6
			return appendRuneEscape(appendRuneEscape(dst, r), low), true
		}
	}
	return append(dst, `\ufffd`...), true
}

// hex4 reads the four digits at i.
func (c *jsonCopier) hex4(i int) (r rune, ok bool) {
	if i+4 > len(c.src) {
		return 0, false
	}
	for _, b := range c.src[i : i+4] {
		d := unhex(b)
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func (c *jsonCopier) literal(dst []byte, word string) ([]byte, bool) {
	end := c.pos + len(word)
	if end > len(c.src) || string(c.src[c.pos:end]) != word {
		return dst, false
	}
	c.pos = end
	return append(dst, word...), true
}

// number copies a number: an optional minus, digits without a leading zero, and
// optional fraction and exponent.
func (c *jsonCopier) number(dst []byte) ([]byte, bool) {
	start := c.pos
	c.skip('-', '-')
	leading := c.at()
	n := c.digits()
	if n == 0 || leading == '0' && n > 1 {
		return dst, false
	}
	if c.skip('.', '.') && c.digits() == 0 {
		return dst, false
	}
	if c.skip('e', 'E') {
		c.skip('+', '-')
		if c.digits() == 0 {
			return dst, false
		}
	}
	return appendNumber(dst, c.src[start:c.pos]), true
}

// appendNumber appends a number, in quotes if no float64 can hold it: it would
// be valid JSON, and still most parsers, Go's among them, refuse the whole
// record for it.
func appendNumber(dst, number []byte) []byte {
	long := len(number) > 300
	for _, b := range number {
		long = long || b == 'e' || b == 'E'
	}
	if long {
		if _, err := strconv.ParseFloat(string(number), 64); err != nil {
			dst = append(dst, '"')
			dst = append(dst, number...)
			return append(dst, '"')
		}
	}
	return append(dst, number...)
}

func (c *jsonCopier) skip(a, b byte) bool {
	if got := c.at(); got != a && got != b {
		return false
	}
	c.pos++
	return true
}

func (c *jsonCopier) digits() (n int) {
	for c.at() >= '0' && c.at() <= '9' {
		c.pos++
		n++
	}
	return n
}

// at returns the byte at pos, 0 at the end: no byte that JSON allows is 0.
func (c *jsonCopier) at() byte {
	if c.pos < len(c.src) {
		return c.src[c.pos]
	}
	return 0
}

// peek returns the byte at pos after space.
func (c *jsonCopier) peek() byte {
	c.space()
	return c.at()
}

func (c *jsonCopier) space() {
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}
