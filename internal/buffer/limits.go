package buffer

import "time"

// Limits are the options that may change while the buffer is open, each with
// the meaning, the default and the bounds that it has in [Options].
type Limits struct {
	MaxBytes     int64
	WhenFull     WhenFull
	BlockTimeout time.Duration
	StallTimeout time.Duration
	Keep         uint8
	Shed         [Levels]float64
}

func (o *Options) limits() *Limits {
	return &Limits{
		MaxBytes: o.MaxBytes, WhenFull: o.WhenFull, BlockTimeout: o.BlockTimeout,
		StallTimeout: o.StallTimeout, Keep: o.Keep, Shed: o.Shed,
	}
}

// SetLimits changes the limits. It is safe for concurrent use, but calls of it
// exclude each other. An error says which limit is out of bounds, and then
// nothing has changed.
//
// What lies in the buffer stays, also where that is more than the new MaxBytes:
// it is brought down to it when the next segment is made, as WhenFull says. A
// call that waits goes on with the time that it had. Records of more than a
// quarter of MaxBytes are too large from here on, as they are with an
// Options.MaxBytes of that size.
func (b *Buffer) SetLimits(l Limits) error {
	o := b.opt
	o.MaxBytes, o.WhenFull, o.BlockTimeout = l.MaxBytes, l.WhenFull, l.BlockTimeout
	o.StallTimeout, o.Keep, o.Shed = l.StallTimeout, l.Keep, l.Shed
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.limits.Store(o.limits())
	b.payloadSpan.Store(o.payloadSpan())
	b.pace.bound(&o, b.overhead)
	b.fitSparesLocked()
	// Whoever waits asks again: for room that there may be now, or to be told
	// that there is none. What the largest of them needed may be too large now.
	b.need = 0
	if b.trouble == full {
		b.trouble, b.missed = fine, time.Time{}
	}
	b.refreshGateLocked()
	b.turnLocked()
	b.mu.Unlock()
	b.kick()
	return nil
}

// fitSparesLocked hands spares to removal that are larger than segments get now:
// of a small cap, one of them could be all.
func (b *Buffer) fitSparesLocked() {
	kept := b.spares[:0:0]
	for _, s := range b.spares {
		if int64(s.size) > b.pace.max {
			b.unwanted = append(b.unwanted, s)
		} else {
			kept = append(kept, s)
		}
	}
	b.spares = kept
}

// payloadSpan is the length of the largest payload less its id: at least four of
// the largest records fit under the cap.
func (o *Options) payloadSpan() uint32 {
	return uint32(min(int64(o.MaxRecord), o.MaxBytes/4) - idSize)
}

// tooLarge reports whether a record of stride n has become too large since
// it was let in. Waiting for a segment of its size it would keep all others out.
func (b *Buffer) tooLarge(n uint64) bool {
	return n > strideOf(b.room(int(b.payloadSpan.Load())+idSize))
}
