package handler

import (
	"sync/atomic"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/deliver"
)

// track is what of a lane outlives a Reload: where it stores, who delivers it,
// and what it has counted. All lanes that one route has had share it.
type track struct {
	name   atomic.Pointer[string] // the route's, of the moment: for errors from below
	buf    *buffer.Buffer         // nil if Direct
	worker *deliver.Worker        // nil if Direct; set before a table has the lane
	direct direct

	deadFile *deadFile     // nil: in memory, or Direct
	handed   atomic.Uint64 // the buffer.Position behind the newest dead letter of another route; 0: there was none
	leftover atomic.Uint64 // records written to Options.Leftover
}

func newTrack(name string) *track {
	t := new(track)
	t.name.Store(&name)
	return t
}

// tookLetter notes where a dead letter of another route is. Several workers may
// hand over at a time, and their appends may return in another order than they
// were placed.
func (t *track) tookLetter(at buffer.Position) {
	for {
		was := t.handed.Load()
		if uint64(at) <= was || t.handed.CompareAndSwap(was, uint64(at)) {
			return
		}
	}
}
