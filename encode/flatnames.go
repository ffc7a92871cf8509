package encode

import (
	"bytes"
	"strings"
)

// flatNames numbers the names of one logfmt line as [nameUse] does those of an
// object. Here a group and a dotted key can make the same name, so the line
// itself is searched for it, and only when the filter has seen it.
type flatNames struct {
	seen     nameSet
	reserved *fieldNames
	start    int // where the attributes begin in dst

	// Where other attributes begin that may have taken numbered names, for the
	// resource's attributes; -1 for the record's own, which come first.
	before int
}

// number appends a number to the name that begins at start and ends dst, if it
// needs one. mark says that it is the encoder's own mark for attributes that
// were left out, which is the only one that may have that name as it is.
func (f *flatNames) number(dst []byte, start int, mark bool) []byte {
	name := dst[start:]
	seen := f.seen.addHash(nameHash(name))
	ours := bytes.HasSuffix(name, []byte(truncated))
	if !seen && !ours && plainLen(name) == len(name) && !numbered(name) && !f.inResource(name) {
		return dst
	}
	uses, asIs := countNames(dst[f.start:start], name)
	if mark && !asIs {
		return dst
	}
	n := 1 + uses
	if ours || f.inResource(name) || reserved(f.reserved[:]).has(string(name)) {
		n++
	}
	if n > 1 && f.before >= 0 {
		uses, _ = countNames(dst[f.before:f.start], name)
		n += uses
	}
	if n > 1 || numbered(name) {
		dst = appendUse(dst, n)
	}
	return dst
}

// inResource reports whether name could be one of the resource's fields, which
// come last.
func (f *flatNames) inResource(name []byte) bool {
	r := f.reserved[fieldResource]
	return r != "" && len(name) > len(r) && name[len(r)] == '.' && strings.EqualFold(string(name[:len(r)]), r)
}

// countNames returns how often line has name as a key, also with a number, and
// whether it has it without.
func countNames(line, name []byte) (n int, asIs bool) {
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		keyEnd := i
		for keyEnd < len(line) && line[keyEnd] != '=' {
			keyEnd++
		}
		if isUseBy(line[i:keyEnd], name, "#") {
			n++
			asIs = asIs || keyEnd-i == len(name)
		}
		i = valueEnd(line, keyEnd+1)
	}
	return n, asIs
}

// valueEnd returns where the value at i ends.
func valueEnd(line []byte, i int) int {
	quoted := i < len(line) && line[i] == '"'
	if quoted {
		i++
	}
	for ; i < len(line); i++ {
		switch {
		case quoted && line[i] == '\\':
			i++
		case quoted && line[i] == '"':
			return i + 1
		case !quoted && line[i] == ' ':
			return i
		}
	}
	return i
}
