package buffer

import (
	"fmt"
	"time"
)

// Mode is how records get into their segment.
type Mode uint8

// The modes.
const (
	// Mapped stores into a memory-mapped file. It falls back to Written where
	// mapping is impossible or not right (Windows, network file systems, and
	// Power on darwin, whose msync does not reach the platter).
	Mapped Mode = 0

	// Heap keeps everything in memory and touches no file.
	Heap Mode = 1

	// Written collects records in memory and writes them in batches; Append
	// returns after the write, so it is as safe from a kill as Mapped is.
	Written Mode = 2
)

// Durability is what a returned Append survives besides the process's death.
type Durability uint8

// The durabilities.
const (
	Process  Durability = 0 // what the kernel has not yet written may go with the power
	Interval Durability = 1 // what is younger than SyncEvery may go with the power
	Power    Durability = 2 // nothing goes: Append returns when it is synced
)

// WhenFull is what happens to a record that meets a full buffer: MaxBytes or the
// Budget are used up. A volume without room is not that, but a disk that stalls:
// newcomers are refused and nothing older is dropped for them (see lacksRoom).
type WhenFull uint8

// The policies.
const (
	DropOldest WhenFull = 0 // the oldest unread records make room
	DropNewest WhenFull = 1 // ErrFull
	Block      WhenFull = 2 // wait for room until ctx is done or BlockTimeout is over, then ErrFull
)

// Options configure a buffer. The zero value of each field is its default,
// but NewID is required.
type Options struct {
	Mode       Mode
	Durability Durability

	// SyncEvery is the longest time between two syncs with Interval; default 1 s.
	SyncEvery time.Duration

	// MaxBytes caps this buffer's segments, recovered and adopted ones
	// included, in bytes; default 1 GiB, at least 256 KiB. It holds within one
	// segment. Segments get no larger than an eighth of it.
	MaxBytes int64

	// Budget is a cap shared with other buffers; nil: none.
	Budget *Budget

	// MinFree is the free space in bytes that the volume keeps: below it no
	// segment is made. Default 64 MiB, or an eighth of a volume of less than 512
	// MiB; negative: none.
	MinFree int64

	WhenFull WhenFull

	// BlockTimeout bounds the wait of WhenFull Block; default 5 s.
	BlockTimeout time.Duration

	// Keep is for DropOldest: the oldest segment is rewritten with the records
	// of level index Keep and up, instead of being removed. 0, the default,
	// and 7 remove whole segments.
	Keep uint8

	// Shed refuses level i, as queue_overflow, while the free share of
	// MaxBytes is below Shed[i] (0 to 1). 0, the default, never does.
	Shed [Levels]float64

	// StallTimeout is how long an Append waits while no segment comes; default
	// 10 ms. Where segments come but other producers use them up first, which
	// is what a machine at its limit does, it waits on, up to a second in all;
	// so does the wait for the first segment of all.
	StallTimeout time.Duration

	// MinSegment and MaxSegment bound the segments' size in bytes; defaults
	// 1 MiB and 16 MiB, rounded up to whole pages. A record of more than a
	// quarter of a segment may get a segment of its own size. Where the volume
	// has no room for MinSegment they get smaller, down to 64 KiB.
	MinSegment, MaxSegment int

	// MaxRecord is the longest payload in bytes; default 1 MiB, at most 16 MiB
	// and a quarter of MaxBytes.
	MaxRecord int

	// Cipher has the keys of encrypted segments. Found ones are read with it;
	// without it, or with a key that it does not have, they stay where they are.
	// With Encrypt, for which it is required, new segments are encrypted, each with
	// a key of its own. Mode Heap has nothing to encrypt.
	Cipher  Cipher
	Encrypt bool

	// Meta is stored once per segment and handed back with each record that
	// was appended under it; at most 64 KiB. The buffer keeps the slice.
	Meta []byte

	// NewID makes the ids of loss reports. Required. Called by the consumer.
	NewID func() [16]byte

	// AdoptEvery is how often to look for what dead processes left in
	// sub-buffers; default 30 s, negative: only at Open.
	AdoptEvery time.Duration

	// OnError hears of background errors, on any goroutine, and must not call
	// back into the buffer. nil: they are dropped (Stats still counts).
	OnError func(error)
}

const (
	pageSize       = 4096
	maxMeta        = 64 << 10
	minSegmentSize = 64 << 10
	maxSegmentSize = 512 << 20
	maxMaxRecord   = 16 << 20
	minMaxBytes    = 256 << 10
)

// withDefaults returns a checked copy of o. It is the only place that knows a
// default, but for MinFree's, which the volume decides: floor.
func (o *Options) withDefaults() (Options, error) {
	if o == nil {
		return Options{}, fmt.Errorf("buffer: option %q: required", "NewID")
	}
	c := *o
	setDefault(&c.SyncEvery, time.Second)
	setDefault(&c.MaxBytes, 1<<30)
	setDefault(&c.BlockTimeout, 5*time.Second)
	setDefault(&c.StallTimeout, 10*time.Millisecond)
	setDefault(&c.MinSegment, 1<<20)
	setDefault(&c.MaxSegment, max(16<<20, c.MinSegment))
	setDefault(&c.MaxRecord, 1<<20)
	setDefault(&c.AdoptEvery, 30*time.Second)
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	if c.Mode == Heap {
		c.Cipher, c.Encrypt = nil, false
	}
	c.MaxRecord = min(c.MaxRecord, maxMaxRecord)
	c.MinSegment = roundUp(c.MinSegment, pageSize)
	c.MaxSegment = roundUp(c.MaxSegment, pageSize)
	return c, c.check()
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// roundUp rounds n up to a multiple of unit, a power of two.
func roundUp(n, unit int) int { return (n + unit - 1) &^ (unit - 1) }

func (o *Options) check() error {
	bad := func(field string, value any) error {
		return fmt.Errorf("buffer: option %q: out of range: %v", field, value)
	}
	switch {
	case o.Mode > Written:
		return bad("Mode", o.Mode)
	case o.Durability > Power:
		return bad("Durability", o.Durability)
	case o.WhenFull > Block:
		return bad("WhenFull", o.WhenFull)
	case o.Encrypt && o.Cipher == nil:
		return fmt.Errorf("buffer: option %q: required with Encrypt", "Cipher")
	case o.NewID == nil:
		return fmt.Errorf("buffer: option %q: required", "NewID")
	case o.SyncEvery < 0:
		return bad("SyncEvery", o.SyncEvery)
	case o.MaxBytes < minMaxBytes:
		return bad("MaxBytes", o.MaxBytes)
	case o.BlockTimeout < 0:
		return bad("BlockTimeout", o.BlockTimeout)
	case o.StallTimeout < 0:
		return bad("StallTimeout", o.StallTimeout)
	case o.Keep > Levels:
		return bad("Keep", o.Keep)
	case o.MinSegment < minSegmentSize || o.MinSegment > maxSegmentSize:
		return bad("MinSegment", o.MinSegment)
	case o.MaxSegment < o.MinSegment || o.MaxSegment > maxSegmentSize:
		return bad("MaxSegment", o.MaxSegment)
	case o.MaxRecord < idSize || o.MaxRecord > maxMaxRecord:
		return bad("MaxRecord", o.MaxRecord)
	case len(o.Meta) > maxMeta:
		return bad("Meta", len(o.Meta))
	}
	for _, s := range o.Shed {
		if !(s >= 0 && s <= 1) {
			return bad("Shed", s)
		}
	}
	return nil
}
