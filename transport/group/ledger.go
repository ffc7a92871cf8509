package group

import (
	"cmp"
	"math/bits"
	"slices"
)

// ledger knows which member took which of the newest records, for a group with
// members that hold what they sent ([transport.Holder]). Members count in
// their own sends, the worker counts in the group's; ledger translates. It is
// guarded by the group's mu.
//
// The group's records are numbered in the order in which the worker counts them:
// that of the Sends, and within one that of the batch. A Resend takes numbers
// back; what members got under them stays in their own count, void.
type ledger struct {
	need    int    // how many copies that nobody holds make a record safe; never changed
	holders uint64 // members that hold, a bit each; never changed

	next  uint64 // number of the next record
	runs  []run  // in the order of sending; from the oldest that a member may hold
	owed  uint64 // records from this number on have to go again; next: none
	cause error  // why
}

// run is records that were taken alike, one after the other.
type run struct {
	from uint64 // number of the first; void: meaningless
	n    int
	took uint64 // members that took them, a bit each, less those that lost them
	void bool   // they have gone, or will go, again under other numbers
}

func (l *ledger) on() bool { return l.holders != 0 }

// accept notes that the members took the next n records. Where nothing is owed,
// owed moves along: "none" is the number of the next record, so that what is to
// go again is next-owed in each case.
func (l *ledger) accept(n int, took uint64) {
	if l.owed == l.next {
		l.owed += uint64(n)
	}
	l.push(run{from: l.next, n: n, took: took})
	l.next += uint64(n)
}

// waste notes that the members took n records which will go again.
func (l *ledger) waste(n int, took uint64) { l.push(run{n: n, took: took, void: true}) }

// push joins r to the last run where it can: a Failover at rest on one member
// has a single run, however small its batches.
func (l *ledger) push(r run) {
	if r.took&l.holders == 0 || r.n == 0 {
		return // nobody asks for them again
	}
	if k := len(l.runs) - 1; k >= 0 {
		last := &l.runs[k]
		if last.took == r.took && last.void == r.void && (r.void || last.from+uint64(last.n) == r.from) {
			last.n += r.n
			return
		}
	}
	l.runs = append(l.runs, r)
}

// held returns how many of the group's newest records have fewer than need
// copies that no member holds. by[m] is how many of its own newest the member m
// holds; held changes it. What is older than all of that is forgotten: no member
// takes back what it once let go.
func (l *ledger) held(by []int) int {
	oldest := l.owed
	i := len(l.runs)
	for ; i > 0 && slices.Max(by) > 0; i-- {
		r := &l.runs[i-1]
		if n := r.unsafe(by, l.need, l.holders); n > 0 && !r.void {
			oldest = min(oldest, r.from+uint64(r.n-n))
		}
	}
	l.runs = slices.Delete(l.runs, 0, i)
	return int(l.next - oldest)
}

// unsafe returns how many of the run's newest records fewer than need members
// have for good. It takes what is held of the run off by.
//
// Of each member that holds some of the run, it is the newest. So the record
// that is k-th from the end is held by as many members as hold at least k, and
// one more than can be spared must hold it to make it unsafe.
func (r *run) unsafe(by []int, need int, holders uint64) int {
	var room [8]int
	held := room[:0]
	for rest := r.took & holders; rest != 0; rest &= rest - 1 {
		m := bits.TrailingZeros64(rest)
		n := min(by[m], r.n)
		by[m] -= n
		held = append(held, n)
	}
	spare := bits.OnesCount64(r.took) - need
	switch {
	case spare < 0:
		return r.n // some member lost it, which is owed
	case spare >= len(held):
		return 0
	}
	slices.SortFunc(held, func(a, b int) int { return cmp.Compare(b, a) })
	return held[spare]
}

// lost notes that the newest n records that m took may be lost there. Those that
// have fewer than need copies left are owed, and all after the oldest of them.
// It returns how many records will stay without m's copy.
func (l *ledger) lost(m, n int, cause error) (without int) {
	for i := len(l.runs) - 1; i >= 0 && n > 0; i-- {
		r := &l.runs[i]
		if r.took&(1<<m) == 0 {
			continue
		}
		if r.n > n {
			l.split(i, r.n-n)
			i++
			r = &l.runs[i]
		}
		n -= r.n
		r.took &^= 1 << m
		switch {
		case r.void || r.from >= l.owed: // goes again anyway
		case bits.OnesCount64(r.took) < l.need:
			l.owed, l.cause, without = r.from, cause, 0
		default:
			without += r.n
		}
	}
	return without
}

// split makes two runs of one; the first has n records.
func (l *ledger) split(i, n int) {
	first := l.runs[i]
	second := first
	first.n = n
	second.n -= n
	second.from += uint64(n)
	l.runs[i] = first
	l.runs = slices.Insert(l.runs, i+1, second)
}

// collect returns how many of the newest records have to go again, and why, and
// takes their numbers back: the caller asks for them.
func (l *ledger) collect() (n int, cause error) {
	n = int(l.next - l.owed)
	if n == 0 {
		return 0, nil
	}
	for i := len(l.runs) - 1; i >= 0; i-- {
		r := &l.runs[i]
		if r.void || r.from+uint64(r.n) <= l.owed {
			continue
		}
		if r.from < l.owed {
			l.split(i, int(l.owed-r.from))
			r = &l.runs[i+1]
		}
		r.void = true
	}
	l.next = l.owed // they come with the numbers they had, to whichever member
	return n, l.cause
}
