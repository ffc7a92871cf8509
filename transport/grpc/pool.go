package grpc

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// pool keeps the buffers of requests. grpc's own has sizes of 32 KiB and 1 MiB
// and nothing between: a window of requests that are a little larger than the one
// would take sixteen times their size.
type pool struct{ buffers sync.Pool }

var _ mem.BufferPool = (*pool)(nil)

// roomy is the capacity of a new buffer: a chunk, and a record of usual size that
// goes beyond it.
const roomy = chunkBytes + 8<<10

// Get returns an empty buffer, whatever the length.
func (p *pool) Get(int) *[]byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, roomy)
	return &b
}

// Put takes a buffer back, unless a huge record has made it grow.
func (p *pool) Put(b *[]byte) {
	if cap(*b) <= 4*roomy {
		*b = (*b)[:0]
		p.buffers.Put(b)
	}
}
