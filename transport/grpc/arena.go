package grpc

import (
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// arena is the memory of one stream's decoded batch, used again for the next.
//
// A list is gathered on top of its stack, with the lists within it above, and
// moved to the slab when its length is known.
type arena struct {
	recs   []encode.Record
	attrs  slab[slog.Attr]
	values slab[slog.Value]
	frames slab[encode.Frame]
	errors slab[encode.Error]
}

// maxKept bounds what is kept of a batch of unusual size, in elements.
const maxKept = 1 << 15

// reset makes what was handed out before invalid.
func (a *arena) reset() {
	if cap(a.recs) > maxKept {
		a.recs = nil
	}
	clear(a.recs) // strings of the batch before would stay in memory
	a.recs = a.recs[:0]
	a.attrs.reset()
	a.values.reset()
	a.frames.reset()
	a.errors.reset()
}

// slab hands out slices from large pieces of memory.
type slab[T any] struct {
	stack []T // of lists that are not complete
	piece []T // what was handed out of it is its length
}

// push adds an element to the list on top.
func (s *slab[T]) push(x T) { s.stack = append(s.stack, x) }

// pop returns the elements from base on as a slice of their own, and takes them
// off the stack. There is no room behind it: who appends gets a copy.
func (s *slab[T]) pop(base int) []T {
	list := s.stack[base:]
	if len(list) == 0 {
		return nil
	}
	if cap(s.piece)-len(s.piece) < len(list) {
		// What is in the old piece stays valid: it is left to those slices.
		s.piece = make([]T, 0, max(2*cap(s.piece), len(list), 64))
	}
	start := len(s.piece)
	s.piece = append(s.piece, list...)
	clear(list)
	s.stack = s.stack[:base]
	return s.piece[start:len(s.piece):len(s.piece)]
}

// one returns a pointer to x in the slab.
func (s *slab[T]) one(x T) *T {
	base := len(s.stack)
	s.push(x)
	return &s.pop(base)[0]
}

func (s *slab[T]) reset() {
	if cap(s.piece) > maxKept {
		s.piece = nil
	}
	clear(s.piece)
	s.piece = s.piece[:0]
	if cap(s.stack) > maxKept {
		s.stack = nil
	}
	s.stack = s.stack[:0]
}
