package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

var errFault = errors.New("buffer: append: store into the mapping faulted")

// Buffer is one route's log on disk. Append, Stats, Tail, Acked, WaitAcked and
// Stop are safe for concurrent use; Next, Arm, Ack, Rewind, Lose, Loss and
// Reported belong to one consumer goroutine.
//
// Locks, in the order in which they are taken: reader.mu (the consumer's
// state; may be held across reads of the disk), log.saving (one cursor save at
// a time), mu (lists and counts; never held across a call that may block),
// segment.view (a mapping against its unmapping).
type Buffer struct {
	// Read by every Append, written rarely.
	active      atomic.Pointer[segment] // nil while there is none
	gate        atomic.Uint32           // levels refused by Shed, and gateStopped
	payloadSpan atomic.Uint32           // largest payload less idSize
	sleeping    atomic.Bool             // the consumer wants a signal
	opt         Options                 // as they were at Open: of what limits has, nothing is read here
	limits      atomic.Pointer[Limits]  // as SetLimits set them last
	overhead    uint64                  // of a segment: header and meta
	fs          vfs.FS                  // home, by the names that everything had at Open
	home        *home
	own         *log
	sub         bool
	made        bool // the directory, by Open
	meta        *Meta
	network     bool

	ready    chan struct{} // cap 1: signals to the consumer
	kicked   chan struct{} // cap 1: signals to the maintainer
	dirty    chan struct{} // cap 1: signals to the flusher
	closing  chan struct{} // closed when Close begins
	tasks    sync.WaitGroup
	idle     atomic.Bool  // the maintainer sleeps without a timer
	lossNews atomic.Bool  // a loss was counted since the last Arm
	held     int64        // bytes that the budget keeps for us; owned by the maintainer
	asked    atomic.Int64 // bytes that another buffer of the budget needs
	adopting atomic.Bool  // a look for orphans is under way
	cooling  atomic.Bool  // a batch of segments is being cooled

	discards discards
	reader   reader

	flushMu     sync.Mutex
	flushTurn   chan struct{} // closed after each flush; guarded by flushMu
	unsafeSince time.Time     // when an append first waited, and nothing has become safe since; guarded by flushMu

	mu sync.Mutex
	lists
	counters
	pace pace
}

// lists are the segments, guarded by Buffer.mu.
type lists struct {
	segs     []*segment // in reading order: found ones, live ones, the active one last; adopted ones in between
	spares   []*segment // ready to become active, in seq order
	unwanted []*segment // spares to be removed
	logs     []*log     // own first, then adopted
	nextBase Position
	need     uint64        // stride of the largest record that waits for a segment of its size
	turn     chan struct{} // closed when a segment was installed or trouble changed
	trouble  trouble
	missed   time.Time // when a producer first met no segment; zero while there is one
	begun    bool      // a segment has been active
	started  bool      // there was an Append
	stopped  bool
	closed   bool
	scanning int // logs whose found segments are not all scanned
	disk     int64
	making   int64 // bytes of a segment that is being made
	aside    int64 // bytes of files that we have booked in the budget, but that are no segments
}

// Open opens or makes the buffer in dir. It waits for no scan: Append works at
// once and what was found is read in the background. If another process (or
// another Open in this one) holds dir, the buffer lives in a sub-directory and
// Stats says Sub; what a dead process left is adopted.
//
// With Heap, fsys and dir are not used.
func Open(fsys vfs.FS, dir string, o *Options) (*Buffer, error) {
	opt, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b := newBuffer(fsys, opt)
	b.home = &home{FS: fsys, from: dir, at: dir}
	b.fs = b.home
	if opt.Mode == Heap {
		b.own = newHeapLog()
		b.logs = []*log{b.own}
	} else if err := b.openDir(dir); err != nil {
		return nil, fmt.Errorf("buffer: open %q: %w", dir, err)
	}
	if opt.Budget != nil {
		opt.Budget.join(b)
	}
	b.startTasks()
	return b, nil
}

func newBuffer(fsys vfs.FS, opt Options) *Buffer {
	b := &Buffer{
		opt: opt, fs: fsys,
		ready: make(chan struct{}, 1), kicked: make(chan struct{}, 1),
		dirty: make(chan struct{}, 1), closing: make(chan struct{}),
		flushTurn: make(chan struct{}),
	}
	b.discards.began = time.Now()
	b.limits.Store(opt.limits())
	b.payloadSpan.Store(opt.payloadSpan())
	b.turn = make(chan struct{})
	b.ackTurn = make(chan struct{})
	b.overhead = headerSize
	if len(opt.Meta) > 0 {
		b.meta = &Meta{Bytes: opt.Meta}
		b.overhead += strideOf(b.room(len(opt.Meta)))
	}
	b.pace.init(&b.opt, b.overhead)
	return b
}

// openDir takes the directory or a sub-directory of it, reads the cursor and
// lists what there is.
func (b *Buffer) openDir(dir string) error {
	if _, err := b.fs.ReadDir(dir); errors.Is(err, fs.ErrNotExist) {
		b.made = true
	}
	if err := b.fs.MkdirAll(dir); err != nil {
		return err
	}
	kind, err := b.fs.Kind(dir)
	b.network = err == nil && kind == vfs.Network
	if b.network || b.opt.Durability == Power && runtime.GOOS == "darwin" {
		b.opt.Mode = Written
	}
	l, err := b.lockDir(dir)
	if err != nil {
		return err
	}
	b.syncParents(l.dir)
	b.own, b.logs = l, []*log{l}
	if err := b.openLog(l); err != nil {
		l.close()
		return err
	}
	for _, s := range l.found {
		b.segs = append(b.segs, s)
		b.tookLocked(s)
	}
	if b.opt.Mode == Mapped && l.curMap == nil {
		b.opt.Mode = Written // mapping is not possible here
	}
	return nil
}

// syncParents makes the way to dir durable: MkdirAll may have made any of it,
// and a synced file in a directory that is gone after a power cut is gone too.
// Ancestors that we may not open were not made by us.
func (b *Buffer) syncParents(dir string) {
	if b.opt.Durability == Process {
		return
	}
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		_ = b.fs.SyncDir(up)
		if up == filepath.Dir(up) {
			return
		}
	}
}

// startTasks starts the goroutines that Close joins: the maintainer, a flusher
// where records need more than a store into a mapping, and for as long as it
// takes a scanner of what was found.
func (b *Buffer) startTasks() {
	if b.opt.Mode != Heap {
		b.scanning++ // before the others start
	}
	b.tasks.Go(b.maintain)
	if b.flushes() {
		b.tasks.Go(b.flushLoop)
	}
	if b.opt.Mode != Heap {
		b.tasks.Go(func() { b.scanLog(b.own) })
	}
}

// flushes reports whether there is a flusher.
func (b *Buffer) flushes() bool {
	return b.opt.Mode == Written || b.opt.Mode == Mapped && b.opt.Durability != Process
}

// wake signals the consumer if it sleeps.
func (b *Buffer) wake() {
	if b.sleeping.Load() && b.sleeping.CompareAndSwap(true, false) {
		b.signal()
	}
}

func (b *Buffer) signal() {
	select {
	case b.ready <- struct{}{}:
	default: // one is under way
	}
}

// kick wakes the maintainer.
func (b *Buffer) kick() {
	select {
	case b.kicked <- struct{}{}:
	default:
	}
}

// kickOnce wakes the maintainer if it sleeps without a timer.
func (b *Buffer) kickOnce() {
	if b.idle.Load() && b.idle.CompareAndSwap(true, false) {
		b.kick()
	}
}

func (b *Buffer) report(err error) { b.opt.OnError(err) }

// turnLocked lets all producers look again.
func (b *Buffer) turnLocked() {
	close(b.turn)
	b.turn = make(chan struct{})
}

// activateLocked installs the oldest spare if there is no active segment.
func (b *Buffer) activateLocked() {
	for b.active.Load() == nil && len(b.spares) > 0 && !b.stopped {
		s := b.spares[0]
		b.spares = b.spares[1:]
		if b.need > s.size-b.overhead {
			b.unwanted = append(b.unwanted, s)
			continue
		}
		b.need, b.trouble, b.begun, b.missed = 0, fine, true, time.Time{}
		s.base = b.nextBase
		b.nextBase += Position(s.size)
		s.activated = time.Now()
		b.segs = append(b.segs, s)
		b.active.Store(s)
		b.refreshGateLocked()
		b.turnLocked()
	}
}

// Tail returns the position behind the newest claim.
func (b *Buffer) Tail() Position {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.segs) - 1; i >= 0; i-- {
		if s := b.segs[i]; s.live {
			return s.base + Position(s.used())
		}
	}
	return b.nextBase
}

// Stop ends the intake: later Appends return ErrClosed, counted as closed.
// Those that had a claim before still commit, and reading goes on.
//
// The active segment is shut rather than flagged, so that the end is exact
// without a counter on the hot path: a claim either fitted before, or fits
// nowhere.
func (b *Buffer) Stop() {
	b.mu.Lock()
	if !b.stopped {
		b.foldDiscardsLocked() // there is no later time to tell
	}
	b.stopped = true
	b.gate.Store(b.gate.Load() | gateStopped)
	s := b.active.Load()
	b.turnLocked()
	b.mu.Unlock()
	if s != nil {
		b.shut(s)
	}
	b.sleeping.Store(false)
	b.signal()
	b.kick()
}

// Close stops, joins the goroutines, saves the cursor, unmaps, removes what is
// drained and unlocks. The consumer must have returned from its last call.
// What was not acknowledged stays on disk (with Heap it is gone).
func (b *Buffer) Close() error {
	b.Stop()
	b.mu.Lock()
	was := b.closed
	b.closed = true
	b.ackTurnLocked()
	b.mu.Unlock()
	if was {
		return nil
	}
	close(b.closing)
	b.tasks.Wait()
	return b.finish()
}
