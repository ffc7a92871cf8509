package group

import (
	"context"
	"fmt"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// attempt is one Send of a serial group. It belongs to the Send's goroutine.
//
// Nothing is allocated for the usual case, in which the first member takes all:
// what is said of single records, and the records that are left for the next
// member, take memory only when there is something of the kind. The records
// themselves are never copied, only the slots that point to them.
type attempt struct {
	*serial
	ctx  context.Context
	recs []encode.Record
	left int // records that no member took or refused

	// For each record, who took it and what was last said of it. nil while
	// nothing was said of single records: nearly always one member takes all.
	takers  []*member
	answers []error
	refused []bool // answers is the last word

	trials  uint64 // members that this Send tries whether they are back, a bit each
	sick    uint64 // members that were not healthy when it began
	entered uint64 // members whose gate it has

	failures failures
	whole    error // what one member said of all of recs
	resend   bool  // a member asked for records of earlier Sends
}

// prepare chooses the members to try, and takes the trials of those whose time has
// come, under the same lock: of two Sends that look at the same moment one tries.
func (a *attempt) prepare(to []*member) []*member {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	to = a.choose(to, now)
	for _, m := range to {
		if m.health.due(now) {
			m.health.trying = true
			a.trials |= m.bit()
		}
		if m.health.sick {
			a.sick |= m.bit()
		}
	}
	a.failures.free = a.deferral(now)
	if len(to) == 0 { // all members are being left alone
		a.failures.ask(a.failures.free)
	}
	return to
}

// end leaves the gates. Only now: a heartbeat that comes to a member before
// answer has noted what it took could take that back, and mean older records.
func (a *attempt) end() {
	a.mu.Lock()
	for _, m := range a.members {
		if a.trials&m.bit() != 0 {
			m.health.trying = false // if it has not come to it
		}
		if a.entered&m.bit() != 0 {
			m.pending -= len(a.recs)
		}
	}
	a.mu.Unlock()
	for _, m := range a.members {
		if a.entered&m.bit() != 0 {
			m.gate.leave()
		}
	}
}

// share is how long one of n members may take. The last one gets what is left.
//
// A fixed default was the alternative. It would have to be longer than a Send may
// take on a slow link, and then two members that hang would use up the worker's
// SendTimeout, and the third, which is well, would never be asked.
func (a *attempt) share(n int) time.Duration {
	if a.timeout > 0 {
		return a.timeout
	}
	if end, ok := a.ctx.Deadline(); ok && n > 1 {
		return max(time.Until(end)/time.Duration(n), 1)
	}
	return 0
}

// try sends what is left to m. n is how many members there are yet to try, m
// included. It reports whether there is nothing more to try.
func (a *attempt) try(m *member, n int) (done bool) {
	ctx, cancel := within(a.ctx, a.share(n))
	defer cancel()
	if err := m.gate.enter(ctx); err != nil {
		// Its slots are in use, or it is being probed: the Sends and the Probe
		// will say whether it is well.
		a.failures.add(m, err, 0)
		return false
	}
	if !a.entering(m) && n > 1 {
		a.failures.add(m, errSick, 0)
		return false
	}
	recs, index := a.rest()
	err := m.send(ctx, recs)
	if err == nil {
		a.succeeded(m)
		a.took(m, len(recs), index, nil)
		return true
	}
	if ctx.Err() != nil && a.ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return a.settle(m, err, len(recs), index)
}

// errSick: what kept the gate shut was a Probe, and it failed.
var errSick = fmt.Errorf("the Probe that came before the Send failed")

// entering notes that this Send has m's gate. It reports whether m is as it was
// when it was chosen.
func (a *attempt) entering(m *member) bool {
	a.entered |= m.bit()
	a.mu.Lock()
	defer a.mu.Unlock()
	m.pending += len(a.recs)
	return !m.health.sick || a.sick&m.bit() != 0
}

// rest returns the records that are left, and their places in recs; nil: all.
func (a *attempt) rest() (recs []encode.Record, index []int) {
	if a.left == len(a.recs) {
		return a.recs, nil
	}
	for i := range a.recs {
		if a.takers[i] == nil && !a.refused[i] {
			recs, index = append(recs, a.recs[i]), append(index, i)
		}
	}
	return recs, index
}

// settle draws conclusions from m's answer about size records, and reports
// whether there is nothing more to try: one case for each row of the contract's
// table, in its order.
//
// A Resend that is owed ends the Send, although another member might take the
// batch: the records that go again are older, and a batch sent now would be sent
// again behind them.
func (a *attempt) settle(m *member, err error, size int, index []int) (done bool) {
	out := transport.Classify(err, size)
	switch {
	case out.Resend > 0:
		a.note(a.ctx, m, err, out)
		a.failures.add(m, err, 0)
		a.resend = a.owes()
		return a.resend
	case out.Batch != nil:
		return a.each(m, out, index)
	case !out.TooLarge && !out.Permanent:
		a.note(a.ctx, m, err, out)
		a.failures.add(m, err, out.After)
		return false
	}
	a.note(a.ctx, m, err, out)
	switch {
	case index == nil:
		a.whole = fmt.Errorf("group: member %q: %w", m.name, err)
	case size == 1:
		a.refuse(index[0], fmt.Errorf("group: member %q: %w", m.name, err))
	default:
		// It is about one record or the size of these, and the answer has to be
		// about all of recs. They go again without the others, and then it can.
		a.failures.add(m, err, out.After)
	}
	return true
}

// owes reports whether the group has to say Resend. It has not if the records that
// a member asks for have gone again already.
func (a *attempt) owes() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.owed < a.ledger.next
}

// each takes a BatchError: what is neither taken nor refused is for the next
// member. A member that decided about one record has answered, and is well: some
// of a bulk that is turned away for want of room is no reason to leave it.
func (a *attempt) each(m *member, out transport.Outcome, index []int) (done bool) {
	a.took(m, len(out.Batch.Errs), index, out.Batch.Errs)
	answered, after := false, out.After
	var last error
	for k, child := range out.Batch.Errs {
		o := transport.Classify(child, 1)
		switch i := place(index, k); {
		case child == nil:
			answered = true
		case o.TooLarge || o.Permanent:
			answered = true
			a.refuse(i, child)
		default:
			a.answers[i], last, after = &said{m.name, child}, child, max(after, o.After)
		}
	}
	if answered {
		a.succeeded(m)
	} else {
		a.note(a.ctx, m, last, transport.Outcome{After: after})
	}
	if last != nil {
		a.failures.add(m, last, after)
	}
	return a.left == 0
}

// place is where the k-th record of a Send stands in the whole batch.
func place(index []int, k int) int {
	if index == nil {
		return k
	}
	return index[k]
}

// single makes room for what is said of single records.
func (a *attempt) single() {
	if a.takers == nil {
		a.takers, a.answers, a.refused = make([]*member, len(a.recs)), make([]error, len(a.recs)), make([]bool, len(a.recs))
	}
}

// took notes that m took size records at these places, those excepted that errs
// has an error for. The ledger is told at once only in the usual case, that all
// are taken: else their order is not known before the Send's end (see cut).
func (a *attempt) took(m *member, size int, index []int, errs []error) {
	if a.takers == nil && errs == nil {
		a.left = 0
		a.mu.Lock()
		defer a.mu.Unlock()
		m.took(len(a.recs))
		a.ledger.accept(len(a.recs), m.bit())
		a.use(m)
		return
	}
	a.single()
	taken := 0
	for k := range size {
		if errs == nil || errs[k] == nil {
			a.takers[place(index, k)] = m
			taken++
		}
	}
	a.left -= taken
	a.mu.Lock()
	defer a.mu.Unlock()
	m.took(taken)
	if taken > 0 {
		a.use(m)
	}
}

// use notes which member a Failover works with; a Balance works with all, and has
// no active one. The caller has mu.
func (s *serial) use(m *member) {
	if s.active == nil || s.active == m {
		return
	}
	s.active = m
	m.state.Switches++
}

// refuse notes a member's last word on one record: no other member is asked for
// it.
func (a *attempt) refuse(i int, err error) {
	a.single()
	a.answers[i], a.refused[i] = err, true
	a.left--
}
