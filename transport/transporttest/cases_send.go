package transporttest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// inOrder sends batches of several sizes. Nothing else may arrive, and where
// the destination acknowledges, all of it is there when Send returns. One record
// comes after seven: an adapter that uses its memory again could send the rest of
// the larger batch with it.
func inOrder(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	next := 0
	for _, n := range []int{1, 2, 7, 1, 20} {
		for i, ok := range s.deliver(numbered(next, next+n)) {
			if !ok {
				t.Errorf("record %d, an ordinary one, was refused", next+i)
			}
		}
		next += n
		s.arrived(upTo(next))
	}
}

// keepsNothing lends the transport memory as the worker does: each batch is in
// the memory of the one before. What is kept has the next batch's bytes in it
// by the time it is read, or the poison.
func keepsNothing(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	p := newPipeline(t)
	const total, most = 100, 5
	for from := 0; from < total; {
		to := min(total, from+s.batchSize(most))
		if err := s.send(t.Context(), p.batch(numbered(from, to))); err != nil {
			t.Fatalf("Send to a working receiver: %v", err)
		}
		s.pace(to)
		from = to
	}
	p.batch(numbered(total, total+most)) // what was kept of the last batch
	s.arrived(upTo(total))
}

// blocks makes the receiver hang. Where the destination acknowledges, the very
// first Send must come back with an error when its ctx is done; otherwise the
// connection takes what it holds, and any Send may be the one that waits.
func blocks(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.send(cancelled, build(numbered(0, 1))); err != nil {
		s.wantPlain(err)
	}
	if s.peer.Read != nil {
		t.Skip("nothing answers: the destination is read")
	}
	s.peer.hang()
	if s.desc.Acknowledged {
		err := s.sendWithin(t.Context(), s.patience, build(numbered(1, 2)))
		if err == nil {
			t.Fatalf("Send returned nil before the destination had answered")
		}
		s.wantPlain(err)
		return
	}
	const most = 32 << 20 // more than a loopback connection takes
	for sent := 0; sent < most; sent += 1 << 20 {
		if err := s.sendWithin(t.Context(), s.patience, bulk(s)); err != nil {
			s.wantPlain(err)
			return
		}
	}
}

// bulk is a batch of about 1 MiB, in records that any limit allows.
func bulk(s *session) []encode.Record {
	recs := build(numbered(0, s.batchSize(512)))
	filler := string(slices.Repeat([]byte("filler "), 250))
	for i := range recs {
		recs[i].Message = filler
	}
	return recs
}

// concurrent sends from as many goroutines as the transport allows, up to 16:
// more would show nothing else. Direct is a promise for any number, whatever
// MaxInFlight says. Each record arrives once, and the order within each batch is
// kept.
func concurrent(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	senders := max(s.desc.MaxInFlight, 1)
	if s.desc.Direct {
		senders = max(senders, 8)
	}
	const rounds, size = 10, 4
	var wg sync.WaitGroup
	for g := range min(senders, 16) {
		wg.Go(func() {
			for r := range rounds {
				first := (g*rounds + r) * size
				s.sendConcurrently(first, size)
			}
		})
	}
	wg.Wait()
	total := min(senders, 16) * rounds * size
	entries, _ := s.peer.wait(t, s.arrival, func(entries []string) bool { return len(entries) >= total })
	got := numbersOf(entries)
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, upTo(total)) {
		t.Errorf("sent the records 0 to %d, arrived: %v", total-1, sorted)
	}
	for first := 0; first < total; first += size {
		if !slices.IsSorted(positions(got, first, size)) {
			t.Errorf("the batch of records %d to %d arrived out of order", first, first+size-1)
		}
	}
}

// sendConcurrently is send without what a goroutine of its own may not do:
// ending the test, and counting.
func (s *session) sendConcurrently(first, size int) {
	for from := first; from < first+size; {
		to := min(first+size, from+s.batchSize(size))
		recs := build(numbered(from, to))
		before := fingerprint(recs)
		if err := s.tr.Send(s.t.Context(), recs); err != nil {
			s.t.Errorf("Send, concurrent with others: %v", err)
		}
		if fingerprint(recs) != before {
			s.t.Errorf("Send modified recs or what they point to")
		}
		poison(recs)
		from = to
	}
}

// positions returns where the records of a batch stand among those that arrived.
func positions(numbers []int, first, size int) []int {
	var at []int
	for n := first; n < first+size; n++ {
		at = append(at, slices.Index(numbers, n))
	}
	return at
}

// held follows Held over Sends: it may grow by what was sent, and shrink. That
// what it counts is enough is seen when the receiver dies: see reconnects.
func held(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	holder, ok := s.tr.(transport.Holder)
	if !ok {
		t.Skip("the transport is no transport.Holder")
	}
	if n := holder.Held(); n != 0 {
		t.Errorf("Held is %d before the first Send", n)
	}
	before := 0
	for i := range 20 {
		s.deliverBatch(numbered(i, i+1))
		now := holder.Held()
		if now < 0 || now > before+1 {
			t.Errorf("Held went from %d to %d with a Send of one record", before, now)
		}
		before = now
	}
}

// probe asks a working receiver, which must not take the question for a record,
// and a dead one. Both without a Send before, as a worker does that starts with a
// destination that is down.
func probe(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	prober, ok := s.tr.(transport.Prober)
	if !ok {
		t.Skip("the transport is no transport.Prober")
	}
	if err := prober.Probe(t.Context()); err != nil {
		t.Errorf("Probe of a working receiver: %v", err)
	}
	if entries, _ := s.peer.all(); len(entries) > 0 {
		t.Errorf("Probe sent a record: %q", entries)
	}
	if s.peer.Kill == nil {
		return
	}
	s.peer.kill()
	if err := prober.Probe(t.Context()); err == nil {
		t.Errorf("Probe of a killed receiver returned nil")
	} else {
		s.inspect(err)
	}
}
