package buffer

import "encoding/binary"

// Loss is one report of what was lost: how many by reason and level, between
// which ids, and when.
type Loss struct {
	ID           [16]byte
	Counts       Counts
	First, Last  [16]byte // of the first and the last record counted that had one: what Discard counts has none
	Since, Until int64    // their append times, unix nanoseconds
}

// counters are the sums of Stats, guarded by Buffer.mu.
//
// At any moment appended + recovered = acked + lost + what is buffered: the
// last is not counted but follows.
type counters struct {
	appended    uint64 // claims of sealed segments; the active one counts in its tail
	voids       uint64 // of segments that are no longer listed
	recovered   uint64
	ackedCount  uint64
	dropped     Counts
	refused     uint64
	lost        uint64
	corrupt     uint64
	tampered    uint64
	quarantined uint64
	adopted     uint64

	gathering Loss // not yet reported
	frozen    Loss // given out by Loss, until Reported; zero ID: none
	unsaved   bool // the ledger has changed since the own cursor was saved

	orders    uint32
	acked     Mark
	donePos   Position      // end of the newest live segment that is gone from the list
	ackTurn   chan struct{} // closed when acked, or something dropped, moved on
	ackWaited bool          // somebody waits on ackTurn
}

// loseLocked counts n losses.
func (b *Buffer) loseLocked(why Reason, level uint8, n uint64, first, last [16]byte, since, until int64) {
	if n == 0 {
		return
	}
	b.dropped[why][level] += n
	b.gathering.extend(why, level, n, first, last, since, until)
	b.unsaved = true
	if why != Closed {
		// Before the caller's wake: see Arm. What comes after the end is no
		// news: a program that goes on logging would keep its Close waiting
		// for one report after the other.
		b.lossNews.Store(true)
	}
}

func (l *Loss) extend(why Reason, level uint8, n uint64, first, last [16]byte, since, until int64) {
	if l.Counts.Total() == 0 {
		l.Since = since
	}
	if l.First == ([16]byte{}) {
		l.First = first
	}
	if last != ([16]byte{}) {
		l.Last = last
	}
	l.Until = max(l.Until, until)
	l.Counts[why][level] += n
}

// Lose counts the loss of a record, appended at that time (unix nanoseconds, 0:
// not known), that the consumer read and acknowledges without having delivered
// it.
func (b *Buffer) Lose(r Reason, level uint8, id [16]byte, at int64) {
	b.mu.Lock()
	b.loseLocked(r, min(level, Levels-1), 1, id, id, at, at)
	b.mu.Unlock()
	b.kickOnce() // saves the ledger
}

// Loss freezes what was lost and not yet reported into one report and returns
// it; false: nothing. The same report comes back, with the same ID, also after
// a restart, until Reported; what is lost meanwhile gathers for the next one.
func (b *Buffer) Loss() (Loss, bool) {
	b.mu.Lock()
	if b.frozen.ID != [16]byte{} {
		defer b.mu.Unlock()
		return b.frozen, true
	}
	if b.gathering.Counts.Total() == 0 {
		b.mu.Unlock()
		return Loss{}, false
	}
	b.gathering.ID = b.opt.NewID()
	b.frozen, b.gathering = b.gathering, Loss{}
	l := b.frozen
	b.mu.Unlock()
	b.save(b.own)
	crash("loss-frozen")
	return l, true
}

// Reported says that the report of this ID has reached the destination.
func (b *Buffer) Reported(id [16]byte) {
	b.mu.Lock()
	hit := id != [16]byte{} && b.frozen.ID == id
	if hit {
		b.frozen = Loss{}
	}
	b.mu.Unlock()
	if hit {
		b.save(b.own)
	}
}

// A report in the cursor: ID 16, first 16, last 16, since i64, until i64, then
// 9 x 7 counts u64.
const lossSize = 16*3 + 8*2 + Reasons*Levels*8

func putLoss(p []byte, l *Loss) {
	le := binary.LittleEndian
	copy(p, l.ID[:])
	copy(p[16:], l.First[:])
	copy(p[32:], l.Last[:])
	le.PutUint64(p[48:], uint64(l.Since))
	le.PutUint64(p[56:], uint64(l.Until))
	for r := range l.Counts {
		for i, v := range l.Counts[r] {
			le.PutUint64(p[64+8*(r*Levels+i):], v)
		}
	}
}

func parseLoss(p []byte) Loss {
	le := binary.LittleEndian
	l := Loss{ID: [16]byte(p), First: [16]byte(p[16:]), Last: [16]byte(p[32:]),
		Since: int64(le.Uint64(p[48:])), Until: int64(le.Uint64(p[56:]))}
	for r := range l.Counts {
		for i := range l.Counts[r] {
			l.Counts[r][i] = le.Uint64(p[64+8*(r*Levels+i):])
		}
	}
	return l
}
