package loki

import "sync"

// scratch is a pool of buffers for requests before they are compressed.
type scratch struct{ pool sync.Pool }

// maxScratch is the largest buffer that is kept.
const maxScratch = 4 << 20

func (s *scratch) get() *[]byte {
	if b, ok := s.pool.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

func (s *scratch) put(b *[]byte) {
	if cap(*b) <= maxScratch {
		s.pool.Put(b)
	}
}
