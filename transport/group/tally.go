package group

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// answer counts the votes and returns what Send has to return. The order matters:
// what has to go again of earlier Sends comes before anything about this one, the
// votes are remembered before those of records that are decided are forgotten,
// and the ledger is told before the worker can ask for what is held.
func (b *ballot) answer() error {
	taken, whole := 0, true
	for i := range b.cast {
		if b.cast[i].count() >= b.need {
			taken++
		}
		whole = whole && b.hopeless(&b.cast[i])
	}
	if b.resend {
		if err := b.owed(); err != nil {
			return err
		}
	}
	if taken < len(b.cast) {
		b.remember()
	}
	end := b.cut()
	b.enter(end)
	switch {
	case taken == len(b.cast):
		return nil
	case taken == 0 && !b.guilty():
		if whole {
			return b.wholeAnswer()
		}
		return b.failures.err(b.kind, ErrQuorum)
	default:
		return b.told(end)
	}
}

// hopeless reports whether so many members refused the record that the others
// are no quorum. A refusal is a vote that is missing; it becomes the group's only
// when it decides, since else the record would keep the route for ever.
func (b *ballot) hopeless(v *vote) bool {
	return bits.OnesCount64(v.no) > len(b.members)-b.need
}

// guilty reports whether something was said of single records.
func (b *ballot) guilty() bool {
	for i := range b.cast {
		if b.cast[i].refusal != nil {
			return true
		}
	}
	return false
}

// wholeAnswer is that of the members that refused all of a batch: the worker
// finds out which record they mean. What is too large is only to be split.
func (b *ballot) wholeAnswer() error {
	err := fmt.Errorf("group: %s: %w: %w", b.kind, ErrQuorum, errors.Join(b.failures.errs...))
	for _, said := range b.said {
		if errors.Is(said, transport.ErrTooLarge) {
			return fmt.Errorf("%w: %w", transport.ErrTooLarge, err)
		}
	}
	return transport.Permanent(err)
}

// owed returns the Resend for what members lost, after it has noted that what
// they took of this Send goes again.
func (b *ballot) owed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ledger.owed == b.ledger.next {
		return nil
	}
	for i := range b.cast {
		b.ledger.waste(1, b.cast[i].now)
	}
	return b.owedLocked()
}

// cut is attempt.cut. A record that is refused for good is no gap: it goes to the
// dead letter, and the worker does not count it among those sent.
func (b *ballot) cut() int {
	if b.ledger.on() {
		for i := range b.cast {
			if v := &b.cast[i]; v.count() < b.need && !(b.hopeless(v) && v.refusal != nil) {
				return i
			}
		}
	}
	return len(b.cast)
}

// enter numbers what a quorum took, and counts who did not: whoever has not
// voted by now will not be asked for this record again. What members took of
// other records is in their own count of what they hold, so the ledger has to
// know of it, as void.
func (b *ballot) enter(end int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.cast {
		v := &b.cast[i]
		if v.count() < b.need || i >= end {
			b.ledger.waste(1, v.now)
			continue
		}
		b.ledger.accept(1, v.yes)
		b.memory.forget(b.recs[i].ID)
		for _, m := range b.members {
			if v.yes&m.bit() == 0 {
				m.state.Late++
			}
		}
	}
}

// told returns the answer to each record. A refusal that decides is passed up as
// the member gave it, for the dead letter shows it; what is left gets a plain
// error, since what single members asked for is not the group's to ask.
func (b *ballot) told(end int) error {
	answers := transport.AnswersFor(len(b.cast))
	none := &said{b.kind, b.failures.err(b.kind, ErrQuorum)}
	left := false
	for i := range b.cast {
		v := &b.cast[i]
		switch {
		case v.count() >= b.need && i < end:
			// taken
		case v.count() < b.need && b.hopeless(v) && v.refusal != nil:
			answers.Set(i, v.refusal)
			b.forget(b.recs[i].ID)
		default:
			answers.Set(i, none)
			left = true
		}
	}
	if !left {
		return answers.Err()
	}
	return b.failures.wait(answers.Err())
}

// forget is for who has no lock.
func (b *ballot) forget(id encode.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.memory.forget(id)
}

// kept remembers who took a record that had no quorum. Without it, a quorum
// that is down for an hour would send the same batch to the members that are up
// with each of the worker's attempts. It is guarded by the group's mu.
//
// Members that hold are not remembered: what they took they may take back.
type kept struct {
	room int // never changed
	byID map[encode.ID]uint64
}

// forget drops the votes for a record that is decided.
func (v *kept) forget(id encode.ID) {
	if len(v.byID) > 0 {
		delete(v.byID, id)
	}
}

// remember keeps the votes for records without a quorum. Records that never
// come again, as their buffer was full or the route reloaded, would fill it: then
// all is forgotten, which costs duplicates at most.
func (b *ballot) remember() {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := &b.memory
	if own.byID == nil || len(own.byID)+len(b.cast) > own.room {
		own.byID = make(map[encode.ID]uint64)
	}
	for i := range b.cast {
		v := &b.cast[i]
		yes := v.yes &^ b.ledger.holders
		if id := b.recs[i].ID; v.count() < b.need && yes != 0 && id != (encode.ID{}) {
			own.byID[id] = yes
		}
	}
}

// recall gives this Send the votes of earlier ones.
func (b *ballot) recall() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.memory.byID) == 0 {
		return
	}
	for i := range b.recs {
		b.cast[i].yes = b.memory.byID[b.recs[i].ID]
	}
}
