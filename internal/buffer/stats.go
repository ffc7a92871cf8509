package buffer

import "runtime"

// Stats are sums since Open and the state now. At any moment
// Appended + Recovered = Acked + Lost + Records.
type Stats struct {
	Appended    uint64 // accepted by this process
	Recovered   uint64 // found past the cursor so far, adopted ones included
	Acked       uint64
	Dropped     Counts // in this process, all reasons, Lose included
	Refused     uint64 // the part of Dropped that Append refused or Discard counted, so never in Appended
	Lost        uint64 // the part of Dropped that was Appended or Recovered, and removed unread or rewound into nothing
	Records     uint64 // buffered now
	Bytes       int64  // buffered now, record headers included
	Disk        int64  // size of the segments, spares included
	Oldest      int64  // append time of the oldest segment's first record that is buffered, unix ns; 0: none
	Quarantined uint64 // files
	Corrupt     uint64 // ranges skipped
	Tampered    uint64 // records of encrypted segments that were changed by somebody without the key
	Recovering  bool   // what was found is not all counted yet
	Sub         bool   // another process holds the directory
	Adopted     uint64 // the part of Recovered that other processes left
}

// Stats returns the counters. It is safe for concurrent use and waits for no
// disk.
func (b *Buffer) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	appended := b.appendedLocked()
	s := Stats{
		Appended: appended, Recovered: b.recovered, Acked: b.ackedCount, Dropped: b.dropped,
		Refused: b.refused, Lost: b.lost, Disk: b.disk, Quarantined: b.quarantined,
		Corrupt: b.corrupt, Tampered: b.tampered, Recovering: b.scanning > 0, Sub: b.sub, Adopted: b.adopted,
	}
	b.discards.add(&s)
	s.Records = appended + b.recovered - b.ackedCount - b.lost
	for _, g := range b.segs {
		b.weighLocked(g, &s)
	}
	return s
}

// appendedLocked counts the claims that hold records. Between a crosser's
// claim and its taking mu the tail counts claims that did not fit; it needs mu
// to go on, so give it that.
func (b *Buffer) appendedLocked() uint64 {
	for {
		a := b.active.Load()
		n := b.appended - b.voids
		for _, s := range b.segs {
			n -= s.void.Load()
		}
		if a == nil {
			return n
		}
		if v := a.tail.Load(); v&offsetMask <= a.size {
			return n + v>>40
		}
		b.mu.Unlock()
		runtime.Gosched()
		b.mu.Lock()
	}
}

// weighLocked adds one segment's bytes and age.
func (b *Buffer) weighLocked(g *segment, s *Stats) {
	if g.gone || b.passedLocked(g) || b.readOverLocked(g) {
		return
	}
	from, end := g.from, g.end
	if !g.walked {
		end = g.size
		if g.live {
			end = g.used()
		}
		from = max(from, b.overhead)
	}
	if g.order != 0 && g.order == b.acked.order {
		from = max(from, uint64(b.acked.off))
	}
	if end <= from {
		return
	}
	s.Bytes += int64(end - from)
	switch {
	case s.Oldest != 0:
	case g.walked:
		s.Oldest = g.since
	case g.live:
		s.Oldest = g.activated.UnixNano()
	}
}

// refreshGate recomputes which levels Shed refuses, by the free share of the
// cap. It counts whole segments, so it is as exact as an eighth of MaxBytes at
// worst and 16 MiB at best.
func (b *Buffer) refreshGate() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshGateLocked()
}

// refreshGateLocked is also for each segment that becomes active: a burst fills
// several before the maintainer gets to run.
func (b *Buffer) refreshGateLocked() {
	var used int64
	for _, s := range b.segs {
		if !s.gone && !b.passedLocked(s) {
			used += s.booked
		}
	}
	free := 1 - float64(used)/float64(b.limits.Load().MaxBytes)
	var g uint32
	for i, share := range b.limits.Load().Shed {
		if share > 0 && free < share {
			g |= 1 << i
		}
	}
	if b.stopped {
		g |= gateStopped
	}
	b.gate.Store(g)
}
