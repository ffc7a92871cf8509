package buffer

import (
	"context"
	"time"
)

// Append puts r into the buffer and returns the position just behind it. It is
// safe for concurrent use and keeps nothing of r.
//
// With Process and DropOldest it never waits but for a segment, StallTimeout if
// none comes, and ignores ctx. With Power it returns when the record is
// synced. With Block it waits for room until ctx is done or BlockTimeout over.
//
// Errors: ErrFull, ErrStalled, ErrClosed, ErrTooLarge, each counted by reason
// and level before Append returns; ErrNotDurable, which is not a loss.
func (b *Buffer) Append(ctx context.Context, r Record) (Position, error) {
	if uint(len(r.Payload)-idSize) > uint(b.payloadSpan.Load()) || r.Level >= Levels || b.gate.Load() != 0 {
		if err := b.admit(&r); err != nil {
			return 0, err
		}
	}
	s := b.active.Load()
	if s == nil {
		return b.appendSlow(ctx, &r, nil)
	}
	end, ok := b.place(s, &r, typeData)
	if !ok {
		r := r // so that only the slow path's copy escapes
		return b.appendSlow(ctx, &r, s)
	}
	if s.waits {
		return b.awaitSafe(ctx, s, end)
	}
	return s.base + Position(end), nil
}

// place tries one segment. The wake-up comes after the commit: see Arm for why
// none is lost.
func (b *Buffer) place(s *segment, r *Record, typ uint8) (end uint64, ok bool) {
	n := strideOf(s.room(len(r.Payload), typ))
	if n > s.size-headerSize {
		return 0, false // no claim can fit: it needs a segment of its size
	}
	off, fit, ok, crossed := s.claim(n)
	if !ok {
		if crossed {
			b.cross(s, off, fit)
		}
		return 0, false
	}
	if typ != typeData {
		s.void.Add(1)
	}
	if !s.fill(off, r, typ) {
		s.suspect.Store(true)
		b.shut(s)
		b.kick()
		b.report(errFault)
		return 0, false
	}
	end = off + n
	if off < s.kickAt && end >= s.kickAt {
		b.kick()
	}
	if b.sleeping.Load() && b.sleeping.CompareAndSwap(true, false) {
		b.signal()
	}
	return end, true
}

// cross seals s at off: the caller is the one producer whose claim started
// inside and does not fit. All others who don't fit wait for the segment that
// this installs.
func (b *Buffer) cross(s *segment, off, fit uint64) {
	crash("before-seal")
	if !s.pad(off, s.size-off) {
		s.holes.add(off, s.size-off)
	}
	crash("sealed")
	b.mu.Lock()
	b.sealLocked(s, fit)
	b.mu.Unlock()
	b.wake()
	b.kick()
}

// shut seals a segment that is not full, by claiming more than it can hold.
// Whoever crossed before does the sealing; so does this call if it is first.
func (b *Buffer) shut(s *segment) {
	off, fit, _, crossed := s.claim(s.size + align)
	if crossed {
		b.cross(s, off, fit)
	}
}

// sealLocked notes that s takes no more claims and installs the next segment.
// fit is how many claims fitted.
func (b *Buffer) sealLocked(s *segment, fit uint64) {
	s.sealed = true
	s.claims = fit
	b.appended += fit
	b.pace.filled(time.Since(s.activated), int64(s.size))
	if b.active.Load() == s {
		b.active.Store(nil)
		b.activateLocked()
	}
}

// appendSlow is Append from where the first segment did not take the record.
func (b *Buffer) appendSlow(ctx context.Context, r *Record, tried *segment) (Position, error) {
	w := b.newWait(ctx, strideOf(b.room(len(r.Payload))), tried)
	defer w.stop()
	for {
		s, err := w.segment()
		if err != nil {
			b.refuse(reasonOf(err), r)
			return 0, err
		}
		end, ok := b.place(s, r, typeData)
		if !ok {
			w.tried = s
			continue
		}
		if s.waits {
			return b.awaitSafe(ctx, s, end)
		}
		return s.base + Position(end), nil
	}
}

// Bits of Buffer.gate above the levels that Shed refuses now.
const gateStopped uint32 = 1 << 16

// admit refuses r, or not, for a reason that lies in r or in the gate.
func (b *Buffer) admit(r *Record) error {
	g := b.gate.Load()
	switch {
	case uint(len(r.Payload)-idSize) > uint(b.payloadSpan.Load()) || r.Level >= Levels:
		b.refuse(Refused, r)
		return ErrTooLarge
	case g&gateStopped != 0:
		b.refuse(Closed, r)
		return ErrClosed
	case g>>r.Level&1 != 0:
		b.refuse(QueueOverflow, r)
		return ErrFull
	}
	return nil
}

func reasonOf(err error) Reason {
	switch err {
	case ErrClosed:
		return Closed
	case ErrFull:
		return QueueOverflow
	default:
		return DiskStalled
	}
}

// refuse counts a record that Append did not take.
func (b *Buffer) refuse(why Reason, r *Record) {
	var id [16]byte
	copy(id[:], r.Payload)
	b.mu.Lock()
	b.refused++
	b.loseLocked(why, min(r.Level, Levels-1), 1, id, id, r.Time, r.Time)
	b.mu.Unlock()
	b.wake()
	b.kickOnce()
}
