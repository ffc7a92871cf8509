package buffer

import (
	"context"
	"slices"
)

// Ack says that everything read up to and including m is done with. The
// cursor moves, which survives a kill at once; files behind it are removed in
// the background.
func (b *Buffer) Ack(m Mark) {
	r := &b.reader
	r.mu.Lock()
	b.mu.Lock()
	if !b.acked.before(m) {
		b.mu.Unlock()
		r.mu.Unlock()
		return
	}
	b.ackedCount += m.n - b.acked.n
	b.moveLocked(m)
	b.settleLocked()
	logs := b.touchedLocked()
	b.ackTurnLocked()
	b.mu.Unlock()
	r.mu.Unlock()
	for _, l := range logs {
		b.save(l)
	}
	crash("acked")
	b.kickAck(m)
}

// kickAck wakes the maintainer if there is a file to remove.
func (b *Buffer) kickAck(m Mark) {
	b.mu.Lock()
	hit := len(b.segs) > 0 && b.passedLocked(b.segs[0])
	b.mu.Unlock()
	if hit {
		b.kick()
	}
}

// settleLocked moves the acknowledged mark over what follows it and is no
// entry (pads, marks, holes), if every entry handed out is acknowledged.
// Needs reader.mu as well.
func (b *Buffer) settleLocked() {
	r := &b.reader
	if b.acked.n != r.n || r.seg == nil {
		return
	}
	m := Mark{n: r.n, order: r.seg.order, off: uint32(r.off)}
	if b.acked.before(m) {
		b.moveLocked(m)
		b.ackTurnLocked()
	}
}

// moveLocked sets the acknowledged mark and each log's place.
func (b *Buffer) moveLocked(m Mark) {
	for _, s := range b.segs {
		switch {
		case s.order == 0 || s.order > m.order:
		case s.order < m.order:
			s.log.at = place{s.seq, s.epoch, s.size}
			s.tomb = nil
		default:
			s.log.at = place{s.seq, s.epoch, uint64(m.off)}
			for len(s.tomb) > 0 && s.tomb[0].off < uint64(m.off) {
				s.tomb = s.tomb[1:]
			}
		}
	}
	b.acked = m
}

// touchedLocked returns the logs whose cursor may have moved: those with
// entered segments.
func (b *Buffer) touchedLocked() []*log {
	if len(b.logs) == 1 {
		return b.logs // never changed in place while it has one element
	}
	var logs []*log
	for _, s := range b.segs {
		if s.order != 0 && s.order <= b.acked.order && !slices.Contains(logs, s.log) {
			logs = append(logs, s.log)
		}
	}
	return logs
}

// passedLocked reports whether nothing of s is waited for any more.
func (b *Buffer) passedLocked(s *segment) bool {
	if s.gone {
		return len(s.tomb) == 0
	}
	if !s.walked || s.order == 0 {
		return false
	}
	return s.order < b.acked.order || s.order == b.acked.order && uint64(b.acked.off) >= s.end
}

// readOverLocked reports whether all of s was read and acknowledged, though its
// walk may not have come.
func (b *Buffer) readOverLocked(s *segment) bool {
	return s.order != 0 && s.order < b.acked.order && !s.gone
}

// Rewind makes the next Next start behind m; the zero Mark stands for the
// acknowledged place. What was read and has been removed since is lost, and
// counted.
func (b *Buffer) Rewind(m Mark) {
	r := &b.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.before(b.acked) {
		m = b.acked
	}
	b.closeReaderFile()
	r.seg, r.n, r.last = nil, m.n, m.order
	for _, s := range b.segs {
		switch {
		case s.order == 0 || s.order < m.order:
		case s.gone:
			b.buryLocked(s, m)
		case s.order == m.order:
			r.seg, r.off = s, max(uint64(m.off), s.from)
		}
	}
	b.settleLocked()
	b.ackTurnLocked()
}

// buryLocked counts what the worker gave back and is no longer there.
func (b *Buffer) buryLocked(s *segment, m Mark) {
	keep := 0
	for _, t := range s.tomb {
		if s.order == m.order && t.off < uint64(m.off) {
			keep++
			continue
		}
		b.loseLocked(QueueOverflow, t.level, 1, t.id, t.id, t.time, t.time)
		b.lost++
	}
	s.tomb = s.tomb[:keep]
}

// ackTurnLocked lets those in WaitAcked look again.
func (b *Buffer) ackTurnLocked() {
	if !b.ackWaited {
		return
	}
	b.ackWaited = false
	close(b.ackTurn)
	b.ackTurn = make(chan struct{})
}

// Acked returns the position up to which everything of this process is
// acknowledged or dropped, in reading order: 0 while something found at Open
// is still to come.
func (b *Buffer) Acked() Position {
	b.mu.Lock()
	defer b.mu.Unlock()
	pos, _ := b.ackedLocked()
	return pos
}

// ackedLocked also reports whether a segment that was found stands before what
// is not yet acknowledged.
func (b *Buffer) ackedLocked() (pos Position, foundLeft bool) {
	pos = b.donePos
	for _, s := range b.segs {
		switch {
		case b.passedLocked(s), b.readOverLocked(s):
			if s.live {
				pos = s.base + Position(s.size)
			}
		case !s.live:
			return pos, true
		case s.order != 0 && s.order == b.acked.order:
			return max(pos, s.base+Position(b.acked.off)), false
		default:
			return max(pos, s.base), false
		}
	}
	return max(pos, b.nextBase), false
}

// WaitAcked returns nil when everything that was found at Open and everything
// appended up to p is acknowledged or dropped; ErrClosed when the buffer is
// closed first, or ctx's error.
func (b *Buffer) WaitAcked(ctx context.Context, p Position) error {
	for {
		b.mu.Lock()
		pos, foundLeft := b.ackedLocked()
		turn := b.ackTurn
		done := !foundLeft && pos >= p && b.scanning == 0
		closed := b.closed
		b.ackWaited = true
		b.mu.Unlock()
		switch {
		case done:
			return nil
		case closed:
			return ErrClosed
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
