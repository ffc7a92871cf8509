package buffer

const (
	arenaBlock = 256 << 10
	keepBlocks = 16 // of an arena after Reset: 4 MiB
)

// Chunk holds entries and the memory that their payloads alias. It belongs to
// one goroutine at a time; its zero value is ready.
type Chunk struct {
	Entries []Entry

	blocks [][]byte // arena; the payloads of Entries alias all but the spare ones
	inUse  int      // blocks[:inUse] hold payloads, the last of them partly
}

// Reset empties c and takes its memory back: payloads handed out before are
// overwritten by what comes next.
func (c *Chunk) Reset() {
	clear(c.Entries)
	c.Entries = c.Entries[:0]
	kept := c.blocks[:0]
	for _, b := range c.blocks {
		if cap(b) == arenaBlock && len(kept) < keepBlocks {
			kept = append(kept, b[:0])
		}
	}
	clear(c.blocks[len(kept):])
	c.blocks, c.inUse = kept, 0
}

// room returns n bytes of arena.
func (c *Chunk) room(n int) []byte {
	if c.inUse > 0 {
		b := c.blocks[c.inUse-1]
		if cap(b)-len(b) >= n {
			c.blocks[c.inUse-1] = b[:len(b)+n]
			return b[len(b) : len(b)+n : len(b)+n]
		}
	}
	if n > arenaBlock {
		c.insert(make([]byte, 0, n))
	} else if c.inUse == len(c.blocks) {
		c.insert(make([]byte, 0, arenaBlock))
	} else {
		c.inUse++
	}
	return c.room(n)
}

// insert puts a block behind those in use.
func (c *Chunk) insert(b []byte) {
	c.blocks = append(c.blocks, b)
	last := len(c.blocks) - 1
	c.blocks[c.inUse], c.blocks[last] = c.blocks[last], c.blocks[c.inUse]
	c.inUse++
}

// giveBack undoes the newest room(n).
func (c *Chunk) giveBack(n int) {
	b := c.blocks[c.inUse-1]
	c.blocks[c.inUse-1] = b[:len(b)-n]
}
