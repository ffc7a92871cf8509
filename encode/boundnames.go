package encode

import "bytes"

// boundNames numbers names as [nameUse] does, in formats that bound a name's
// length: structured data and the journal. What is cut off may be what told two
// names apart, so the names as they were written are looked at, and a number
// stands within the bound as well.
//
// Numbered names are unique: the last mark and what is behind it can be split
// off in one way only; a name that looks numbered by itself always gets a
// number; and those with the same beginning are counted one by one.
type boundNames struct {
	own      reserved // names that attributes may not have as they are
	prefixes reserved // what their names may not begin with
	seen     nameSet  // starts with own
	mark     string   // before a number
	most     int      // length of a name, in bytes
	start    int      // where the attributes' fields begin in dst

	// next splits the field off that b begins with.
	next func(b []byte) (name, rest []byte)
}

// boundDigits is how long a number may be: no record has 10,000 attributes.
const boundDigits = 4

// fit makes the name that begins at start, and ends dst, fit the bound, and
// numbers it if it is in use. Its field begins at field.
func (n *boundNames) fit(dst []byte, field, start int) []byte {
	if len(dst) > start+n.most {
		dst = dst[:start+n.most]
	}
	name := dst[start:]
	always := numberedBy(name, n.mark) || n.prefixed(name)
	if seen := n.seen.addHash(nameHash(name)); !always && (!seen || !n.taken(dst[n.start:field], name)) {
		return dst
	}
	if room := n.most - len(n.mark) - boundDigits; len(name) > room {
		dst = dst[:start+room]
		name = dst[start:]
	}
	use := 1 + n.uses(dst[n.start:field], name)
	if n.own.has(string(name)) || n.prefixed(name) {
		use++
	}
	dst = append(dst, n.mark...)
	return appendInt(dst, int64(use))
}

func (n *boundNames) prefixed(name []byte) bool {
	for _, prefix := range n.prefixes {
		if hasPrefixFold(name, prefix) {
			return true
		}
	}
	return false
}

// taken reports whether name is in use as it is.
func (n *boundNames) taken(fields, name []byte) bool {
	if n.own.has(string(name)) {
		return true
	}
	for len(fields) > 0 {
		var used []byte
		if used, fields = n.next(fields); bytes.Equal(used, name) {
			return true
		}
	}
	return false
}

// uses counts the fields with that name, also with a number.
func (n *boundNames) uses(fields, name []byte) (count int) {
	for len(fields) > 0 {
		var used []byte
		if used, fields = n.next(fields); isUseBy(used, name, n.mark) {
			count++
		}
	}
	return count
}
