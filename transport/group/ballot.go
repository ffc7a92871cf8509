package group

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ballot is one Send of a quorum. The members vote at the same time, each on its
// own goroutine, which writes to its own elements of asked, said and entered and
// reads the votes; the votes are counted on the Send's goroutine when all have
// ended. So nothing of it needs a lock.
type ballot struct {
	*quorum
	ctx  context.Context
	recs []encode.Record
	cast []vote // of each record

	// Of each member, by its index; each element is one goroutine's until all
	// have ended. Arrays, since maps would need a lock for that, and slices three
	// allocations a Send.
	asked   [MaxMembers][]int // the places that it was sent; nil: all
	said    [MaxMembers]error
	entered [MaxMembers]bool

	invited  uint64 // members, a bit each
	trials   uint64 // the part of them that this Send tries whether they are back
	failures failures
	resend   bool
	reserves bool // the first lot has been asked
}

// vote is what the members said of one record, a bit for each.
type vote struct {
	yes     uint64 // took it now, or in an earlier Send
	now     uint64 // the part of yes that is of this Send
	no      uint64 // refused it
	refusal error  // the last one that was about this record alone
}

// ask sends to all at once and waits for all. To return when there are enough
// votes was the alternative: the others would go on reading records that are no
// longer theirs, or be cut off in the middle of a batch, and the slowest member
// would miss most batches of a busy route. The price of waiting is bounded: a
// member that was too slow once is not asked until it is healthy again.
func (b *ballot) ask(order []*member) {
	var all sync.WaitGroup
	for _, m := range order {
		spawn(&all, &b.said[m.index], func() error { return b.askOne(m) })
	}
	all.Wait()
	for _, m := range order {
		b.count(m, b.said[m.index])
	}
}

// askOne is one member's goroutine. Its time includes the wait for a Probe that is
// under way: a member that does not answer that has none to spare.
func (b *ballot) askOne(m *member) error {
	recs, index := b.rest(m)
	b.asked[m.index] = index
	if len(recs) == 0 {
		return nil
	}
	ctx, cancel := within(b.ctx, b.timeout)
	defer cancel()
	if err := m.gate.enter(ctx); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	b.entered[m.index] = true
	err := m.send(ctx, recs)
	if err != nil && ctx.Err() != nil && b.ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// rest returns the records that m's vote is wanted for, and their places; nil:
// all. Those that it has voted for already do not go there again, and the reserve
// gets what is undecided.
func (b *ballot) rest(m *member) (recs []encode.Record, index []int) {
	wanted := func(v *vote) bool { return v.yes&m.bit() == 0 && !(b.reserves && b.settled(v)) }
	index = make([]int, 0, len(b.recs))
	for i := range b.cast {
		if wanted(&b.cast[i]) {
			index = append(index, i)
		}
	}
	if len(index) == len(b.recs) {
		return b.recs, nil
	}
	for _, i := range index {
		recs = append(recs, b.recs[i])
	}
	return recs, index
}

// settled reports whether further votes would change nothing.
func (b *ballot) settled(v *vote) bool {
	return v.count() >= b.need || b.hopeless(v) && v.refusal != nil
}

// decided reports whether all records are settled. The next votes are the
// reserve's.
func (b *ballot) decided() bool {
	b.reserves = true
	for i := range b.cast {
		if !b.settled(&b.cast[i]) {
			return false
		}
	}
	return true
}

// count enters m's answer into the votes. A plain error is no vote at all: the
// record may have arrived, and may be sent there again.
func (b *ballot) count(m *member, err error) {
	index := b.asked[m.index]
	size := len(index)
	if index == nil {
		size = len(b.recs)
	}
	if size == 0 {
		return
	}
	out := transport.Classify(err, size)
	switch {
	case err == nil:
		b.succeeded(m)
		b.yes(m, index, size, nil)
	case out.Resend > 0:
		b.note(b.ctx, m, err, out)
		b.failures.add(m, err, 0)
		b.resend = true
	case out.Batch != nil:
		b.each(m, out, index)
	default:
		b.note(b.ctx, m, err, out)
		b.failures.add(m, err, out.After)
		if out.TooLarge || out.Permanent {
			b.no(m, index, size, err)
		}
	}
}

// no enters a refusal. Only one of a single record is about that record.
func (b *ballot) no(m *member, index []int, size int, err error) {
	for k := range size {
		v := &b.cast[place(index, k)]
		v.no |= m.bit()
		if size == 1 {
			v.refusal = fmt.Errorf("group: member %q: %w", m.name, err)
		}
	}
}

// yes enters m's votes for size records, those excepted that errs has an error
// for. now is kept apart from yes: the ledger counts what a member got in this
// Send, and a vote that was remembered is of an earlier one.
func (b *ballot) yes(m *member, index []int, size int, errs []error) {
	taken := 0
	for k := range size {
		if errs == nil || errs[k] == nil {
			v := &b.cast[place(index, k)]
			v.yes |= m.bit()
			v.now |= m.bit()
			taken++
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	m.took(taken)
}

// each takes a BatchError: attempt.each, but that a refusal is a vote and no last
// word. A member that decided about one record has answered, and is well.
func (b *ballot) each(m *member, out transport.Outcome, index []int) {
	b.yes(m, index, len(out.Batch.Errs), out.Batch.Errs)
	answered, after := false, out.After
	var last error
	for k, child := range out.Batch.Errs {
		o := transport.Classify(child, 1)
		switch {
		case child == nil:
			answered = true
		case o.TooLarge || o.Permanent:
			answered = true
			v := &b.cast[place(index, k)]
			v.no, v.refusal = v.no|m.bit(), child
		default:
			last, after = child, max(after, o.After)
		}
	}
	if answered {
		b.succeeded(m)
	} else {
		b.note(b.ctx, m, last, transport.Outcome{After: after})
	}
	if last != nil {
		b.failures.add(m, last, after)
	}
}

// end leaves the gates: see attempt.end.
func (b *ballot) end() {
	b.mu.Lock()
	for _, m := range b.members {
		if b.trials&m.bit() != 0 {
			m.health.trying = false
		}
	}
	b.mu.Unlock()
	for _, m := range b.members {
		if b.entered[m.index] {
			m.gate.leave()
		}
	}
}

// count is how many members took the record.
func (v *vote) count() int { return bits.OnesCount64(v.yes) }
