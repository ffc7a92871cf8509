package handler

import (
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
)

// core is what all clones of a handler share. What stands above routing is set
// by New and immutable afterwards, but for the table, which is swapped whole.
type core struct {
	opts     Options               // with defaults
	fsys     vfs.FS                // where the buffers are, unless InMemory
	table    atomic.Pointer[table] // stored under routing
	ids      *encode.IDSource
	sources  sourceCache
	scratch  sync.Pool // of *scratch
	report   *reporter
	sealing  *sealing
	resource *encode.Resource
	release  func()         // lets go of what is not a lane's: crash output
	budget   *buffer.Budget // of all buffers in Dir

	routing   sync.Mutex         // held while the table is changed, and when Close begins; guards the next
	levels    *route.ScopeLevels // of routes without their own; nil: all
	unclaimed map[string]int64   // directories that no route has, with what they are booked for

	closing      sync.Once
	closed       atomic.Bool // Close has begun
	leftoverLock sync.Mutex  // serialises calls of Options.Leftover
	result       error       // of Close, written within closing
}
