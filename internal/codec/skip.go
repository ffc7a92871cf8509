package codec

// skipEntry returns the index behind the entry at i, -1 if it is corrupt. The
// beginning and the end of a group are entries of their own.
func skipEntry(p string, i, depth int) int {
	kind, i := readByte(p, i)
	switch kind {
	case kindEnd:
		return i
	case kindCut:
		return skip(p, i, 4)
	case kindPad:
		return skipPad(p, i)
	}
	_, i = readString(p, i)
	if kind == kindGroup {
		return i
	}
	return skipValue(p, i, kind, depth)
}

// skipPad returns the index behind a filling: its length in two bytes, then as
// many zeros, which nobody looks at.
func skipPad(p string, i int) int {
	i = skip(p, i, 2)
	if i < 0 {
		return -1
	}
	return skip(p, i, int(p[i-2])|int(p[i-1])<<8)
}

// skipValue returns the index behind a value of the given kind. Lists and
// groups in lists nest, so it recurs; the encoder's own bound on their depth
// bounds the recursion over bytes that no encoder wrote.
func skipValue(p string, i int, kind byte, depth int) int {
	switch kind {
	case kindString, kindBytes, kindJSON:
		_, i = readString(p, i)
		return i
	case kindInt64, kindUint64, kindFloat64, kindDuration:
		return skip(p, i, 8)
	case kindFalse, kindTrue, kindNil:
		return i
	case kindTime:
		return skipTime(p, i)
	case kindError:
		return skipError(p, i)
	case kindList:
		return skipList(p, i, depth)
	default:
		return -1
	}
}

// skipTime does not check the zone and the nanoseconds as reading does: what is
// left out of a record cannot spoil it.
func skipTime(p string, i int) int {
	form, i := readByte(p, i)
	switch form {
	case timeZero:
		return i
	case timeNear:
		i = skip(p, i, 8)
	case timeFar:
		i = skip(p, i, 12)
	default:
		return -1
	}
	_, i = readUvarint(p, i)
	return i
}

// skipError returns the index behind an error. Its causes follow it as errors
// of the same form, so it counts those still to come instead of recurring.
func skipError(p string, i int) int {
	for left := 1; left > 0 && i >= 0; left-- {
		var n byte
		_, i = readString(p, i)
		_, i = readString(p, i)
		n, i = readByte(p, i)
		i = skipFrames(p, i, n)
		n, i = readByte(p, i)
		left += int(n)
	}
	return i
}

// skipFrames returns the index behind n frames.
func skipFrames(p string, i int, n byte) int {
	for ; n > 0 && i >= 0; n-- {
		_, i = readString(p, i)
		_, i = readString(p, i)
		_, i = readUvarint(p, i)
	}
	return i
}

// skipList returns the index behind a list. Its number of elements is not
// compared with what is left: each takes a byte at least, so that the loop ends
// with the payload.
func skipList(p string, i, depth int) int {
	if depth > maxSkipDepth {
		return -1
	}
	n, i := readUint32(p, i)
	for ; n > 0 && i >= 0; n-- {
		i = skipElement(p, i, depth+1)
	}
	return i
}

// skipElement returns the index behind an element: a value without a key.
func skipElement(p string, i, depth int) int {
	kind, i := readByte(p, i)
	if kind == kindGroup {
		return skipGroup(p, i, depth+1)
	}
	return skipValue(p, i, kind, depth)
}

// skipGroup steps over the entries of a group, and its end if it has one.
// Groups in it are entries of their own, so they are counted, not recurred
// into: AppendGroup can nest them without end.
func skipGroup(p string, i, depth int) int {
	for open := 1; open > 0 && uint(i) < uint(len(p)); {
		switch p[i] {
		case kindGroup:
			open++
		case kindEnd:
			open--
		}
		i = skipEntry(p, i, depth)
	}
	return i
}

// maxSkipDepth is what lists and groups in lists may nest to where they are
// stepped over; deeper is corrupt. It is above what one AppendAttr nests: a group and a list a level.
const maxSkipDepth = 2*MaxDepth + 2
