package codec

import (
	"encoding/binary"
	"unicode/utf8"
)

// builder carries what one call of this package has used of the limits. It
// lives on the caller's stack.
type builder struct {
	cut    int // things cut or left out, not yet written down
	attrs  int // attributes begun
	nodes  int // values looked at, whether or not they left bytes
	causes int // causes of the error being written
}

// full reports whether no further piece may begin.
func full(dst []byte) bool { return len(dst) > softLimit }

// finish writes down what was cut.
func (b *builder) finish(dst []byte) []byte {
	if b.cut == 0 {
		return dst
	}
	return appendCut(dst, b.cut)
}

// appendCut notes that n things were cut here.
//
// While there is room, each note is an entry of its own. Past softLimit there
// may be any number of calls still to come, so the first of them fills the
// payload up to exactly Limit, with the note at the very end, and the others
// raise that note's count. len(dst) == Limit is the sign for it, and a safe
// one: without the filling no payload gets that long. (Looking for a note in
// the last bytes instead could mistake the end of a string for one.)
func appendCut(dst []byte, n int) []byte {
	switch {
	case len(dst) > Limit:
		return dst // built from more than these functions; do not make it worse
	case len(dst) == Limit:
		count := dst[Limit-4:]
		binary.LittleEndian.PutUint32(count, binary.LittleEndian.Uint32(count)+uint32(n))
		return dst
	case full(dst) && len(dst) <= Limit-cutSize-padHead:
		dst = appendPad(dst, Limit-cutSize-len(dst))
	}
	dst = append(dst, kindCut)
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

// appendPad appends n bytes, at least padHead, that mean nothing.
func appendPad(dst []byte, n int) []byte {
	dst = append(dst, kindPad)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(n-padHead))
	return append(dst, make([]byte, n-padHead)...)
}

// text appends s with its length, cut if there is no room for all of it.
func (b *builder) text(dst []byte, s string) []byte {
	return b.cutText(dst, s, room(dst, len(s)))
}

// room returns how many bytes of a text of n bytes may be appended to dst.
func room(dst []byte, n int) int {
	left := max(softLimit-len(dst), 0)
	if n <= smallText {
		return left
	}
	return max(bulkLimit-len(dst), min(left, smallText))
}

// name appends a name with its length, cut if it is longer than any name is.
func (b *builder) name(dst []byte, s string) []byte {
	return b.cutText(dst, s, maxName)
}

// cutText appends s, or what of it fits into room with the mark of a cut.
func (b *builder) cutText(dst []byte, s string, room int) []byte {
	if len(s) <= room {
		return appendString(dst, s)
	}
	b.cut++
	keep := runeEdge(s, max(room-len(cutMark), 0))
	dst = appendUvarint(dst, uint64(keep+len(cutMark)))
	return append(append(dst, s[:keep]...), cutMark...)
}

// runeEdge returns the largest index up to n that does not split a rune of s.
// In what is not UTF-8 no byte is an edge; n is as good as any there.
func runeEdge(s string, n int) int {
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}

// AppendEncoded appends entries that were encoded before, in a slice of their
// own, by [AppendGroup] and [AppendAttr]: what a handler's With calls have
// gathered. Where they do not all fit, what fits is taken and the rest is
// counted; plain append would make a payload that the buffer refuses.
func AppendEncoded(dst, encoded []byte) []byte {
	if len(dst)+len(encoded) <= bulkLimit {
		return append(dst, encoded...)
	}
	var b builder
	p := string(encoded) // a copy is no matter here: this record is a megabyte
	for i := 0; i < len(p); {
		next := skipEntry(p, i, 0)
		if next < 0 {
			b.cut++
			break
		}
		switch {
		case p[i] == kindPad:
		case p[i] == kindCut:
			n, _ := readUint32(p, i+1)
			b.cut += int(n)
		case fits(dst, p[i], next-i):
			dst = append(dst, p[i:next]...)
		default:
			b.cut++
		}
		i = next
	}
	return b.finish(dst)
}

// fits reports whether an entry of n bytes may be appended. Groups are begun
// and ended as long as anything may: leaving one out while what was in it gets
// in would move those attributes to another group.
func fits(dst []byte, kind byte, n int) bool {
	if kind == kindGroup || kind == kindEnd {
		return !full(dst)
	}
	return len(dst)+n <= softLimit
}
