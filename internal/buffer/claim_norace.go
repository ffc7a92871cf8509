//go:build !race

package buffer

import (
	"encoding/binary"
)

// storeClaim marks a claim: the length word, negative. It needs no ordering
// and so no locked instruction: a live reader treats 0 and a negative length
// alike, and a killed process's stores are found up to some point of program
// order. It is one aligned word, so no reader sees half of it.
func storeClaim(mem []byte, off uint64, v int32) {
	binary.LittleEndian.PutUint32(mem[off:off+4], uint32(v))
}
