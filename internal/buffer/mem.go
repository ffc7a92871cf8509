package buffer

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"
)

// This is the only file of the module that imports unsafe. It needs it for two
// things: atomic access to the length word of a record, which lives in mapped
// memory where no Go type can be laid, and strings that alias a Chunk's arena,
// so that decoding a payload copies nothing.

// loadLength reads the length word at off, with acquire order: whoever sees a
// committed length sees the bytes that were stored before it.
//
// off is a multiple of 32 and mem starts on a page (mapped) or on the
// allocator's 8-byte boundary (heap), so the word is aligned.
func loadLength(mem []byte, off uint64) int32 {
	h := mem[off : off+frameSize]
	return int32(swapLE(atomic.LoadUint32((*uint32)(unsafe.Pointer(&h[0])))))
}

// storeLength writes the length word at off, with release order.
func storeLength(mem []byte, off uint64, v int32) {
	h := mem[off : off+frameSize]
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&h[0])), swapLE(uint32(v)))
}

// swapLE turns a native word into one whose bytes are little-endian, and back.
// It compiles to nothing on a little-endian machine.
func swapLE(v uint32) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], v)
	return binary.NativeEndian.Uint32(b[:])
}

// alias returns b as a string without a copy. The caller keeps b unchanged for
// as long as it lets others hold the string.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
