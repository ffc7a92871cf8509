package handler

import (
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/vfs"
)

// core is what all clones of a handler share. What stands above closing is set
// by New and immutable afterwards, but for the table, which is swapped whole.
type core struct {
	opts      Options // with defaults
	fsys      vfs.FS  // where the buffers are, unless InMemory
	table     atomic.Pointer[table]
	ids       *encode.IDSource
	sources   sourceCache
	scratch   sync.Pool // of *scratch
	report    *reporter
	resource  *encode.Resource
	release   func()   // lets go of what is not a lane's: crash output
	unclaimed []string // directories of routes that no longer exist, as they were at New

	closing      sync.Once
	closed       atomic.Bool // Close has begun
	leftoverLock sync.Mutex  // serialises calls of Options.Leftover
	result       error       // of Close, written within closing
}
