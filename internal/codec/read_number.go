package codec

// The primitives of reading. Each takes a payload and an index and returns the
// index behind what it read, -1 if that is not there. Given -1 they return -1,
// so that a reader checks once after several steps. No length is trusted
// before it was compared with what is left.

// readUvarint reads a number that appendUvarint wrote.
func readUvarint(p string, i int) (uint64, int) {
	var n uint64
	for shift := uint(0); shift < 64; shift += 7 {
		if uint(i) >= uint(len(p)) {
			return 0, -1
		}
		c := p[i]
		i++
		if c < 0x80 {
			if shift == 63 && c > 1 {
				return 0, -1
			}
			return n | uint64(c)<<shift, i
		}
		n |= uint64(c&0x7f) << shift
	}
	return 0, -1
}

// readVarint reads a number that appendVarint wrote.
func readVarint(p string, i int) (int64, int) {
	n, i := readUvarint(p, i)
	return int64(n>>1) ^ -int64(n&1), i
}

// readString reads a string that appendString wrote. It returns a part of p.
func readString(p string, i int) (string, int) {
	if uint(i) < uint(len(p)) {
		// Most lengths are one byte: this much is inlined.
		if n := int(p[i]); n < 0x80 && n < len(p)-i {
			return p[i+1 : i+1+n], i + 1 + n
		}
	}
	return readLong(p, i)
}

func readLong(p string, i int) (string, int) {
	n, i := readUvarint(p, i)
	if i < 0 || n > uint64(len(p)-i) {
		return "", -1
	}
	return p[i : i+int(n)], i + int(n)
}

// readUint64 reads eight bytes. The compiler makes one load of it.
func readUint64(p string, i int) (uint64, int) {
	if i < 0 || len(p)-i < 8 {
		return 0, -1
	}
	b := p[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56, i + 8
}

// readUint32 reads four bytes.
func readUint32(p string, i int) (uint32, int) {
	if i < 0 || len(p)-i < 4 {
		return 0, -1
	}
	b := p[i : i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24, i + 4
}

// readByte reads one byte.
func readByte(p string, i int) (byte, int) {
	if uint(i) >= uint(len(p)) {
		return 0, -1
	}
	return p[i], i + 1
}

// skip steps over n bytes.
func skip(p string, i, n int) int {
	if i < 0 || n > len(p)-i {
		return -1
	}
	return i + n
}
