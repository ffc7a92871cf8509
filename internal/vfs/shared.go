package vfs

import "encoding/binary"

// The three functions below read and write memory that a mapping shares with
// others who store to it at the same time, as the kernel does when it writes a
// dirty page back or serves a read from it. What they see is torn in the same
// way: some stores of another goroutine and not others, in whole bytes.
//
// They are hidden from the race detector, which would report exactly that. The
// built-in copy is not used in them: it is instrumented in the runtime,
// whatever the caller says.

// copyShared copies as copy does.
//
//go:norace
func copyShared(dst, src []byte) int {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	i := 0
	for ; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:]))
	}
	for ; i < n; i++ {
		dst[i] = src[i]
	}
	return n
}

// equalShared compares as bytes.Equal does.
//
//go:norace
func equalShared(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for ; i+8 <= len(a); i += 8 {
		if binary.LittleEndian.Uint64(a[i:]) != binary.LittleEndian.Uint64(b[i:]) {
			return false
		}
	}
	for ; i < len(a); i++ {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// cloneShared copies into new memory with room for size bytes in whole pages,
// so that the memory begins at an address that atomic operations can use.
func cloneShared(src []byte, size int) []byte {
	size = max(size, len(src))
	dst := make([]byte, size, (size+pageSize-1)/pageSize*pageSize)
	copyShared(dst, src)
	return dst
}
