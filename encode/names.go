package encode

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Two attributes of one name make JSON that parsers read differently, and an
// attribute with the name of a record's own field could pass for it. So the
// n-th use of a name within one object is written as name#n.
//
// That these names are unique needs no list of what was written: a name that
// ends in "#" and digits by itself always gets a number as well, so an
// unnumbered name never looks like a numbered one, and a numbered one can be
// taken apart in one way only.

// nameSet is a filter of the names seen in one object: it may say that a new
// name was there, and never that an old one was not. Small enough to live on
// the stack, it spares most attributes the comparison with all before them.
type nameSet [8]uint64

// nestedNames is the set that a group starts with. It is never written to.
var nestedNames = func() (set nameSet) { set.add(truncated); return set }()

// add puts name into the set and reports whether it may have been there. Case
// does not matter: see [reserved.has].
func (s *nameSet) add(name string) bool { return s.addHash(nameHash(name)) }

func (s *nameSet) addHash(h uint32) bool {
	word, bit := &s[h>>6&7], uint64(1)<<(h&63)
	seen := *word&bit != 0
	*word |= bit
	return seen
}

// nameHash takes the length and three bytes of the name: a good hash of all of
// it would cost more than the comparisons that it saves.
func nameHash[T text](name T) uint32 {
	n := len(name)
	if n == 0 {
		return 0
	}
	h := uint32(n) | uint32(name[0]|0x20)<<8 | uint32(name[n>>1]|0x20)<<16 | uint32(name[n-1]|0x20)<<24
	return h * 0x9E3779B1 >> 23
}

// numbered reports whether name ends in "#" and digits.
func numbered[T text](name T) bool {
	end := len(name)
	for end > 0 && name[end-1]-'0' <= 9 {
		end--
	}
	return end > 0 && end < len(name) && name[end-1] == '#'
}

// numberedBy is numbered for formats with another mark than "#".
func numberedBy(name []byte, mark string) bool {
	rest := bytes.TrimRight(name, "0123456789")
	return len(rest) < len(name) && bytes.HasSuffix(rest, []byte(mark))
}

// isUseBy reports whether key is name, or name with mark and a number.
func isUseBy(key, name []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(key, name)
	if !ok || len(rest) == 0 {
		return ok
	}
	digits, ok := bytes.CutPrefix(rest, []byte(mark))
	return ok && len(digits) > 0 && len(bytes.TrimLeft(digits, "0123456789")) == 0
}

// use is [nameUse] behind the filter: for formats that write names as they are.
func (s *nameSet) use(attrs []slog.Attr, i int, own reserved) (n int, write bool) {
	key := attrs[i].Key
	seen := s.add(key)
	if !seen && plainLen(key) == len(key) && len(key) <= maxKeyLen && !numbered(key) {
		return 1, false
	}
	return nameUse(attrs, i, own)
}

// nameUse returns which use of its name attrs[i] is in an object that has the
// fields own, and whether that number has to be written.
func nameUse(attrs []slog.Attr, i int, own reserved) (n int, write bool) {
	key := attrs[i].Key
	n = 1
	if len(key) <= maxKeyLen && (key == truncated || own.has(key)) { // no field has a name that is cut
		n++
	}
	for _, a := range attrs[:i] {
		if sameKey(a.Key, key, false) {
			n++
		}
	}
	return n, n > 1 || numbered(clip(key, maxKeyLen))
}

// usedPlain reports, for a plain name that the filter has seen, whether it is
// in use. Names that are not plain come out with an escape or as they are not
// ASCII, so they need not be looked at.
func usedPlain(attrs []slog.Attr, name string, own reserved) bool {
	for i := range attrs {
		if attrs[i].Key == name {
			return true
		}
	}
	return name == truncated || own.hasPlain(name)
}

// sameName reports whether a and b are written as the same text: bytes that are
// not UTF-8 all become U+FFFD.
func sameName(a, b string) bool { return a == b || sameRunes(a, b, false) }

// sameKey is sameName for keys of any length, of which those that are too long
// end in a mark once they are written; dots is as in sameRunes. A key that fits
// and has that end itself can read the same as a longer one: U+FFFD takes three
// bytes of a key, or one that is not UTF-8. Comparing what is left of both without
// the marks would number most of these, and give some the same number.
func sameKey(a, b string, dots bool) bool {
	if a == b {
		return true
	}
	if len(b) > maxKeyLen {
		a, b = b, a
	}
	if len(a) > maxKeyLen {
		if len(b) > maxKeyLen {
			b = b[:maxKeyLen]
		} else if rest, ok := strings.CutSuffix(b, truncated); ok {
			b = rest
		} else {
			return false
		}
		a = a[:maxKeyLen]
	}
	return a == b || sameRunes(a, b, dots)
}

// sameRunes compares from one difference of the bytes to the next: names that
// somebody chose, a thousand of them with a long beginning in common, would take
// seconds if each were read character by character for each other one.
func sameRunes(a, b string, dots bool) bool {
	for {
		n := wholeRunes(a, commonLen(a, b))
		a, b = a[n:], b[n:]
		if a == "" || b == "" {
			return a == b
		}
		ra, na := decodeRune(a, 0)
		rb, nb := decodeRune(b, 0)
		if ra != rb && !(dots && isDot(ra) && isDot(rb)) {
			return false
		}
		a, b = a[na:], b[nb:]
	}
}

// isDot reports whether r is a dot or what one becomes for Elasticsearch.
func isDot(r rune) bool { return r == '.' || r == '_' }

// commonLen returns how many bytes a and b have in common from their start.
func commonLen(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i+8 <= n && load64(a, i) == load64(b, i) {
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// wholeRunes returns the last place up to n where a character of s may begin that
// n would cut in two, or n. A byte that begins one is never inside of another, and
// none is longer than four.
func wholeRunes(s string, n int) int {
	for back := 1; back < utf8.UTFMax && back <= n; back++ {
		if utf8.RuneStart(s[n-back]) {
			if s[n-back] < utf8.RuneSelf {
				return n
			}
			return n - back
		}
	}
	return n
}

func appendUse(dst []byte, n int) []byte {
	dst = append(dst, '#')
	return strconv.AppendInt(dst, int64(n), 10)
}
