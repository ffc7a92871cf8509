package group

import (
	"context"
	"fmt"
	"math/bits"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// ballot is one Send of a quorum.
type ballot struct {
	*quorum
	ctx  context.Context
	recs []encode.Record
	cast []vote // of each record

	// Of each member, by its index; each element is one goroutine's until all
	// have ended.
	asked   [MaxMembers][]int // the places that it was sent; nil: all
	said    [MaxMembers]error
	entered [MaxMembers]bool

	trials   uint64 // members that this Send tries whether they are back, a bit each
	failures failures
	resend   bool
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

// rest returns the records that m has not voted for already, and their places;
// nil: all.
func (b *ballot) rest(m *member) (recs []encode.Record, index []int) {
	known := 0
	for i := range b.cast {
		if b.cast[i].yes&m.bit() != 0 {
			known++
		}
	}
	if known == 0 {
		return b.recs, nil
	}
	index = make([]int, 0, len(b.recs)-known)
	for i := range b.recs {
		if b.cast[i].yes&m.bit() == 0 {
			recs, index = append(recs, b.recs[i]), append(index, i)
		}
	}
	return recs, index
}

// count enters m's answer into the votes.
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
// for.
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

// each takes a BatchError.
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
func (b *ballot) end(order []*member) {
	b.mu.Lock()
	for _, m := range order {
		if b.trials&m.bit() != 0 {
			m.health.trying = false
		}
	}
	b.mu.Unlock()
	for _, m := range order {
		if b.entered[m.index] {
			m.gate.leave()
		}
	}
}

func (v *vote) count() int { return bits.OnesCount64(v.yes) }
