//go:build race

package buffer

// storeClaim is an atomic store here, because the race detector cannot know
// why a plain one is enough; see claim_norace.go.
func storeClaim(mem []byte, off uint64, v int32) { storeLength(mem, off, v) }
