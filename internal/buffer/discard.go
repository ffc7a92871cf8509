package buffer

import (
	"sync/atomic"
	"time"
)

// discardsEvery is the least time between the first record that a policy
// discarded and the report of it. Policies discard all the time, because they
// were told to: a report with every batch, or every second, would be a stream
// of its own beside the one that was to be made smaller.
const discardsEvery = time.Minute

// discards counts what policies of the route discard before Append. Log calls
// only add to it, without a lock, since a discard has to cost less than the
// record would have; the maintainer folds it into the ledger once a minute. A
// kill in between loses that count, as it does the one of what Append refused.
type discards struct {
	n     [Deduplicated - Sampled + 1][Levels]atomic.Uint64 // since they were last folded
	since atomic.Int64                                      // nanoseconds from began to the first of n; 0: there is none
	began time.Time
}

// Discard counts a record that a policy discarded, so that it never came to
// Append: in Dropped and in Refused. why is Sampled, RateLimited or
// Deduplicated. It is safe for concurrent use and waits for nothing.
func (b *Buffer) Discard(why Reason, level uint8) {
	d := &b.discards
	d.n[why-Sampled][min(level, Levels-1)].Add(1)
	// After the count: a fold that takes since away takes the count along, or
	// the count comes after it and finds since taken.
	if d.since.Load() == 0 && d.since.CompareAndSwap(0, int64(max(time.Since(d.began), 1))) {
		b.kick() // not kickOnce: a maintainer about to sleep has not seen it
	}
}

// tellDiscards folds what has gathered for a minute, and lets the consumer
// report it.
func (b *Buffer) tellDiscards(next *due) {
	since := b.discards.since.Load()
	if since == 0 {
		return
	}
	if wait := discardsEvery - (time.Since(b.discards.began) - time.Duration(since)); wait > 0 {
		next.in(wait)
		return
	}
	b.mu.Lock()
	// What comes after Stop is counted and no news: see loseLocked.
	if !b.stopped {
		b.foldDiscardsLocked()
	}
	b.mu.Unlock()
	b.wake()
}

// foldDiscardsLocked moves the counts to the ledger. Stats, under the same lock,
// sees each of them once.
func (b *Buffer) foldDiscardsLocked() {
	d := &b.discards
	since := d.since.Swap(0)
	if since == 0 {
		return
	}
	now := time.Now()
	from := now.Add(time.Duration(since) - time.Since(d.began)).UnixNano()
	for i := range d.n {
		for level := range d.n[i] {
			n := d.n[i][level].Swap(0)
			b.refused += n
			b.loseLocked(Sampled+Reason(i), uint8(level), n, [16]byte{}, [16]byte{}, from, now.UnixNano())
		}
	}
}

// add counts in s what is not folded yet.
func (d *discards) add(s *Stats) {
	for i := range d.n {
		for level := range d.n[i] {
			n := d.n[i][level].Load()
			s.Dropped[Sampled+Reason(i)][level] += n
			s.Refused += n
		}
	}
}
