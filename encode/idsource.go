package encode

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// IDSource makes IDs. The zero IDSource is ready; it must not be copied after
// its first use, and all its methods are safe for concurrent use. One a
// process is enough, more do no harm.
//
// An ID holds, from its first bit on: the Unix milliseconds of now (48 bits),
// the version 7, the fraction of the millisecond in 4,096 steps of 244 ns (12
// bits, RFC 9562 §6.2 method 3), the variant, and 62 random bits. So IDs sort
// by the time they were made at as far as the clock resolves.
//
// Two IDs are the same only if they fall into the same step and draw the same
// 62 bits: at 10^8 IDs a second, about once in a hundred years; at 10^6 a
// second, once in a million. A shared counter would make that never within one
// process, but its cache line would move between all cores that log, and
// between processes, where most duplicates would come from, it is worse.
type IDSource struct {
	// seed is replaced as a whole and never changed in place. nil: not yet made.
	seed atomic.Pointer[idSeed]
}

// idSeed is what a source draws once and after every jump of the clock.
type idSeed struct {
	mix  uint64    // from crypto/rand, mixed into each ID's random bits
	base time.Time // when mix was drawn, with its monotonic reading
	wall int64     // base in Unix nanoseconds
}

// maxClockDrift is how far wall clock and monotonic clock may move apart until
// the source draws a new seed. Slewing by NTP stays below for hours; a step, a
// suspended laptop and a restored virtual machine do not. A needless draw
// costs a microsecond.
const maxClockDrift = int64(time.Second)

// NewIDSource returns a source that has drawn its seed already.
func NewIDSource() *IDSource {
	s := new(IDSource)
	s.reseed(nil)
	return s
}

// Next returns a new ID for a record made at now, best the time.Now() that the
// record carries: without a monotonic clock reading in now, a jump of the
// clock is not seen in this call. It neither allocates nor enters the kernel,
// except for the first call and the first one after a jump.
//
// The random bits come from the runtime's own generator (ChaCha8, one a thread,
// so nothing is shared), mixed with a seed. A virtual machine that is cloned or
// restored repeats the generator's state. What it does not repeat is the way
// its wall clock, set right after the start, moves against its monotonic
// clock: then a new seed is drawn, so the clones' IDs differ from there on.
// Where the platform does not set the clock, the clones' IDs differ only by
// the fraction in which their clocks run apart.
func (s *IDSource) Next(now time.Time) (id ID) {
	s.Put(&id, now)
	return id
}

// Put is Next in place, a few nanoseconds faster: an ID that is returned is
// stored as two words and then copied as one of twice the size, for which the
// processor has to wait.
func (s *IDSource) Put(id *ID, now time.Time) {
	seed := s.seed.Load()
	wall := now.UnixNano()
	if seed == nil || seed.jumped(now, wall) {
		seed = s.reseed(seed)
	}
	id.set(wall, rand.Uint64()^seed.mix)
}

// jumped reports whether the wall clock has moved against the monotonic one
// since the seed was drawn. A now without monotonic reading, as tests and
// replayed records have it, compares by wall clock alone and shows no jump.
func (d *idSeed) jumped(now time.Time, wall int64) bool {
	drift := wall - d.wall - int64(now.Sub(d.base))
	return drift > maxClockDrift || drift < -maxClockDrift
}

// reseed replaces old by a new seed. When several goroutines see the same jump,
// each draws one and the first to swap wins; the others use the winner's, so
// that no later caller finds a seed older than one it has used.
//
// base is read here and not taken from the caller: the caller's time may lack
// a monotonic reading, and then no jump would ever be seen.
func (s *IDSource) reseed(old *idSeed) *idSeed {
	var b [8]byte
	cryptorand.Read(b[:]) // never fails: it ends the process instead
	now := time.Now()
	fresh := &idSeed{mix: binary.LittleEndian.Uint64(b[:]), base: now, wall: now.UnixNano()}
	if s.seed.CompareAndSwap(old, fresh) {
		return fresh
	}
	return s.seed.Load()
}

// set lays out an ID: see [IDSource].
func (id *ID) set(wall int64, random uint64) {
	ms := uint64(wall) / 1e6
	fraction := (uint64(wall) - ms*1e6) << 12 / 1e6
	binary.BigEndian.PutUint64(id[0:], ms<<16|0x7000|fraction)
	binary.BigEndian.PutUint64(id[8:], random&(1<<62-1)|1<<63)
}
