package buffer

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// The tail word: offset of the next claim in the low 40 bits, number of claims
// above. One atomic add claims room and counts the record. 24 bits of claims
// suffice for a segment of 512 MiB in the smallest records (64 bytes), and 40
// bits of offset for 60,000 late producers of the largest record each, who add
// to the tail once before they see that it is full.
const (
	claimOne   = 1 << 40
	offsetMask = claimOne - 1
)

// segment is one fixed-size piece of a log.
//
// Its memory may be unmapped once it is sealed and a walk over its record
// headers has met no uncommitted claim up to its end: every producer that ever
// got a claim has then made its last store, and one without a claim never
// touches the memory.
type segment struct {
	tail atomic.Uint64
	_    [56]byte // producers write the line above all the time, and only read those below

	// Immutable once the segment is in Buffer.segs or in use.
	log        *log
	seal       *seal // nil: its records are stored as they are
	seq, epoch uint64
	epochBytes [8]byte
	origin     uint64
	size       uint64
	flags      uint32
	live       bool // made by this process; otherwise found on disk
	name       string
	base       Position // of offset 0, for a live one
	kickAt     uint64   // an append that crosses this offset wakes the maintainer
	waits      bool     // appends return when safe has passed them

	// mem is the records' memory, mapped or heap; nil for a file that is read
	// with pread. For producers with an open claim, and the maintainer before a
	// complete walk. shown is the same, for all others, while they hold view: it
	// becomes nil, under view and flush.mu, when the memory goes. Of a mapping,
	// mem then dangles; nobody has a claim any more that would let him use it.
	mem     []byte
	shown   []byte
	mapping vfs.Mapping
	view    sync.Mutex

	file vfs.File // owned by the maintainer; nil once closed

	walk     walk    // owned by the maintainer
	flush    flushed // owned by the flusher
	markedAt uint64  // end of the newest sync mark in it; the flusher's

	seen seen  // guarded by reader.mu
	meta *Meta // set before the segment can be entered

	void  atomic.Uint64 // claims that hold no record: aborted ones and marks
	holes holes
	safe  atomic.Uint64 // bytes before it are as safe as Append promises
	// settled: the flusher has done all that it has to do with this segment.
	settled atomic.Bool
	torn    atomic.Bool // the file no longer holds what was put into it
	suspect atomic.Bool // its file may have been truncated: the maintainer looks

	// Guarded by Buffer.mu.
	state
}

// state is what Buffer.mu guards of a segment.
type state struct {
	from      uint64 // where reading starts
	order     uint32 // place in reading order from 1; 0: the reader was not there yet
	sealed    bool   // no claim can be made any more
	walked    bool   // summary is complete: sealed and all claims committed, or scanned
	busy      bool   // the maintainer is rewriting or removing it: not to be entered
	booked    int64  // its part of Buffer.disk
	gone      bool   // removed with records still in the worker's hands
	poisoned  bool   // a sync or write failed, or the name went away: to be rescued
	claims    uint64 // that fit, once sealed
	activated time.Time
	tomb      []tomb // of a gone segment: what the worker holds, in order
	summary
}

// summary is what a walk or a scan gathers.
type summary struct {
	count       uint64
	levels      [Levels]uint64
	end         uint64 // just behind the last data record
	first, last [16]byte
	since       int64
	until       int64
}

// tomb is one record of a removed segment that the worker has read.
type tomb struct {
	off   uint64
	id    [16]byte
	time  int64
	level uint8
}

func (s *summary) add(f *frame, id []byte, end uint64) {
	if s.count == 0 {
		copy(s.first[:], id)
		s.since = f.time
	}
	copy(s.last[:], id)
	s.until = f.time
	s.count++
	s.levels[f.level]++
	s.end = end
}

// setEpoch is part of making a segment.
func (s *segment) setEpoch(epoch uint64) {
	s.epoch = epoch
	binary.LittleEndian.PutUint64(s.epochBytes[:], epoch)
}

func (s *segment) show(mem []byte) { s.mem, s.shown = mem, mem }

// claim takes n bytes. ok: they are the caller's, from off. Otherwise crossed
// tells that the caller is the one who must seal the segment: the only one
// whose claim started inside and did not fit.
func (s *segment) claim(n uint64) (off, fit uint64, ok, crossed bool) {
	v := s.tail.Add(claimOne | n)
	off = v&offsetMask - n
	return off, v>>40 - 1, off+n <= s.size, off <= s.size
}

// fill writes one claimed record and reports whether it is committed. A store
// into a mapping faults when the file was truncated or the disk is full under
// a sparse file; without SetPanicOnFault that ends the process, and it is per
// goroutine, so it must be here, in the caller's.
func (s *segment) fill(off uint64, r *Record, typ uint8) (done bool) {
	old := debug.SetPanicOnFault(true)
	room := s.room(len(r.Payload), typ)
	defer s.guard(off, strideOf(room), old, &done)
	n := frameSize + room
	h := s.mem[off : off+uint64(n)]
	storeClaim(s.mem, off, -int32(n))
	crash("claimed")
	f := frame{length: uint32(n), sum: r.Sum, place: placeOf(s.seq, off), typ: typ, level: r.Level, time: r.Time}
	if room == len(r.Payload) {
		copy(h[frameSize:], r.Payload)
	} else {
		f.sum = s.seal.put(h[frameSize:], r.Payload[:idSize], r.Payload[idSize:], &f)
	}
	putFrame(h[:frameSize:frameSize], &f, s.epochBytes[:])
	crash("before-commit")
	storeLength(s.mem, off, int32(n))
	crash("committed")
	return true
}

// guard ends a claim whatever happened to fill. A hole is noted before it is
// turned into a pad, because the pad's stores may fault as well; the reader
// and the walk pass noted holes without looking.
func (s *segment) guard(off, n uint64, old bool, done *bool) {
	debug.SetPanicOnFault(old)
	if *done {
		return
	}
	_ = recover() // a fault: nothing else can panic in fill
	s.void.Add(1)
	s.pad(off, n)
	s.holes.add(off, n)
}

// pad covers n claimed bytes at off with a pad record, where that is possible.
func (s *segment) pad(off, n uint64) (done bool) {
	if n == 0 {
		return true
	}
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if !done {
			_ = recover()
		}
	}()
	f := frame{length: uint32(n), place: placeOf(s.seq, off), typ: typePad}
	putFrame(s.mem[off:off+frameSize:off+frameSize], &f, s.epochBytes[:])
	storeLength(s.mem, off, int32(n))
	return true
}

// committedTo walks from off over committed records, at most to limit.
func (s *segment) committedTo(off, limit uint64) (end uint64, ok bool) {
	end = off
	ok = s.guarded(func() {
		for end < limit {
			if n := s.holes.at(end); n > 0 {
				end += n
				continue
			}
			l := loadLength(s.mem, end)
			if l < frameSize || roundUp64(uint64(l)) > s.size-end {
				return
			}
			end += roundUp64(uint64(l))
		}
	})
	return end, ok
}

func roundUp64(n uint64) uint64 { return (n + align - 1) &^ (align - 1) }

// guarded runs f over the mapping and reports false if it met a fault.
func (s *segment) guarded(f func()) (ok bool) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if ok {
			return
		}
		// A fault carries its address; anything else is a bug of ours and
		// goes on.
		if e := recover(); e != nil {
			if _, fault := e.(interface{ Addr() uintptr }); !fault {
				panic(e)
			}
		}
	}()
	f()
	return true
}

// used returns how many bytes are claimed.
func (s *segment) used() uint64 { return min(s.tail.Load()&offsetMask, s.size) }

func (s *segment) String() string { return fmt.Sprintf("%016x-%08x", s.seq, uint32(s.epoch)) }

// holes are claims of a live segment whose producer met a fault.
type holes struct {
	any atomic.Bool // so that the reader pays one load
	mu  sync.Mutex
	n   map[uint64]uint64 // guarded by mu
}

func (h *holes) add(off, n uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n == nil {
		h.n = make(map[uint64]uint64)
	}
	h.n[off] = n
	h.any.Store(true)
}

// at returns the length of the hole at off, 0 if there is none.
func (h *holes) at(off uint64) uint64 {
	if !h.any.Load() {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n[off]
}
