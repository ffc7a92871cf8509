package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// replace gives the rig's worker another transport, with the rig's options.
func (r *rig) replace(tr transport.Transport) {
	r.opts.Transport = tr
	r.worker.Replace(&r.opts)
}

// loaded is bubble with n records in the buffer before the worker starts, so
// that its batches are as large as they may be.
func loaded(t *testing.T, tr transport.Transport, n int, run func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, tr)
		r.bury()
		r.opts.InitialInterval, r.opts.MaxInterval = time.Minute, time.Hour
		r.log(n)
		r.start()
		r.opts.InitialInterval, r.opts.MaxInterval = 0, 0 // what a replacement gets
		run(r)
		r.mustClose()
	})
}

// closings returns how many times it was closed.
func (f *fake) closings() (n int) {
	f.do(func() { n = f.closes })
	return n
}

func TestReplaceAtRest(t *testing.T) {
	old, next := &fake{}, &fake{}
	bubble(t, old, func(r *rig) {
		r.log(10)
		time.Sleep(time.Second)
		r.replace(next)
		synctest.Wait()
		wantEqual(t, "old one closed", old.closings(), 1)
		r.log(10)
		time.Sleep(time.Second)
		wantInts(t, "old one's", old.received(), seq(1, 10))
		wantInts(t, "new one's", next.received(), seq(11, 20))
		wantEqual(t, "new one closed", next.closings(), 0)
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 20)
	})
	wantEqual(t, "new one closed", next.closings(), 1)
	wantEqual(t, "old one closed", old.closings(), 1)
}

// The Send in flight ends where it began, and what comes after it goes to the
// new transport, which gets nothing twice.
func TestReplaceWaitsForTheSendInFlight(t *testing.T) {
	for _, flights := range []int{1, 4} {
		old := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: flights}, took: time.Second}
		next := &fake{}
		loaded(t, old, 100, func(r *rig) {
			time.Sleep(500 * time.Millisecond)
			r.replace(next)
			synctest.Wait()
			wantEqual(t, "old one closed during its Send", old.closings(), 0)
			wantEqual(t, "sent beside it", len(next.calls()), 0)
			time.Sleep(600 * time.Millisecond)
			synctest.Wait()
			wantEqual(t, "old one closed", old.closings(), 1)
			wantEqual(t, "old one's", len(old.received()), 10*flights)
			wantInts(t, "new one's", next.received(), seq(10*flights+1, 100))
			wantEqual(t, "resent", r.worker.Stats().Resent, 0)
		})
	}
}

// A batch that the old destination has answered for in part goes on at the new
// one with the rest: refusals that were not yet believed, and what it left.
func TestReplaceInTheMiddleOfABatch(t *testing.T) {
	old, next := &fake{}, &fake{}
	old.reply = func(_ int, recs []encode.Record) error {
		e := &transport.BatchError{Errs: make([]error, len(recs))}
		for i := range recs {
			if n := seqOf(&recs[i]); n%3 != 0 {
				e.Errs[i] = errDown
			}
		}
		return e
	}
	loaded(t, old, 9, func(r *rig) {
		synctest.Wait()
		r.replace(next)
		synctest.Wait()
		wantInts(t, "old one's", sorted(old.received()), []int{3, 6, 9})
		wantInts(t, "new one's", next.received(), []int{1, 2, 4, 5, 7, 8})
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 9)
	})
}

// A record that is appended after Replace has returned is not for the old
// transport, whatever the worker is at: no virtual time here, so that it is at
// everything.
func TestReplaceComesFirst(t *testing.T) {
	links := []*fake{{}}
	r := newRig(t, links[0])
	r.start()
	for range 3000 {
		r.log(1)
		links = append(links, &fake{})
		r.replace(links[len(links)-1])
	}
	r.log(1)
	r.mustClose()
	all := 0
	for i, link := range links {
		for _, n := range link.received() {
			if all++; n > i+1 {
				t.Errorf("record %d, which came after replacement %d, went to transport %d", n, n-1, i)
			}
		}
		if i > 0 && link.closings() != 1 {
			t.Errorf("transport %d was closed %d times", i, link.closings())
		}
	}
	wantEqual(t, "received", all, 3001)
}

// What the old destination refused, and nobody has confirmed, is the new one's
// to judge; what it accepted before it went down is no part of what a new one
// that holds has to take back.
func TestReplaceAfterABisection(t *testing.T) {
	down := false
	old := &fake{reply: func(_ int, recs []encode.Record) error {
		switch {
		case down:
			return errDown
		case has(recs, 3):
			down = len(recs) == 1
			return transport.Permanent(errBad)
		}
		return nil
	}}
	h := &holder{}
	h.reply = func(_ int, recs []encode.Record) error { h.unread += len(recs); return nil }
	loaded(t, old, 8, func(r *rig) {
		synctest.Wait()
		wantInts(t, "old one's", old.received(), seq(1, 2))
		r.replace(h)
		synctest.Wait()
		wantInts(t, "new one's", h.received(), seq(3, 8))
		wantEqual(t, "acked: what the old one took", r.acked(), 2)
		h.do(func() { h.reply = breaking(h, len(h.sends), 6) })
		r.log(1)
		time.Sleep(time.Minute)
		wantInts(t, "and again", h.received(), append(seq(3, 8), seq(3, 9)...))
		wantEqual(t, "dead", len(r.dead()), 0)
		h.do(func() { h.unread = 0 })
	})
}

// Of several batches in flight the old destination has taken the later ones:
// they do not count among what the new one holds, which would let the cursor
// pass what it has.
func TestReplaceBetweenBatches(t *testing.T) {
	old := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: 3}}
	old.reply = func(_ int, recs []encode.Record) error {
		if has(recs, 1) {
			return errDown
		}
		return nil
	}
	h := &holder{}
	h.reply = func(_ int, recs []encode.Record) error { h.unread += len(recs); return nil }
	loaded(t, old, 30, func(r *rig) {
		synctest.Wait()
		wantInts(t, "old one's", sorted(old.received()), seq(11, 30))
		r.replace(h)
		synctest.Wait()
		wantInts(t, "new one's", h.received(), seq(1, 10))
		wantEqual(t, "acked while all is held", r.acked(), 0)
		h.do(func() { h.unread = 0 })
		time.Sleep(pollHeld)
		synctest.Wait()
		wantEqual(t, "acked", r.acked(), 30)
	})
}

func sorted(s []int) []int {
	for i := range s { // few
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s
}

// Neither an open breaker nor a backoff of the old destination holds up the new
// one, nor is anything condemned for what the old one refused.
func TestReplaceForgetsTheOldDestination(t *testing.T) {
	for name, reply := range map[string]func(int, []encode.Record) error{
		"backoff": func(call int, _ []encode.Record) error {
			return transport.RetryAfter(errDown, time.Hour)
		},
		"breaker":     func(int, []encode.Record) error { return errDown },
		"refuses all": func(int, []encode.Record) error { return transport.Permanent(errBad) },
	} {
		t.Run(name, func(t *testing.T) {
			old, next := &fake{reply: reply}, &fake{}
			loaded(t, old, 50, func(r *rig) {
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				start := time.Now()
				r.replace(next)
				synctest.Wait()
				wantEqual(t, "waited", time.Since(start), 0)
				wantInts(t, "new one's", next.received(), seq(1, 50))
				wantEqual(t, "breaker", r.worker.Stats().Breaker, "closed")
				wantEqual(t, "last error", r.worker.Stats().LastError, nil)
				wantEqual(t, "dead", len(r.dead()), 0)
			})
		})
	}
}

// What a transport without acknowledgements still holds after its Close goes to
// the new one, and no more than that.
func TestReplaceOfAHolder(t *testing.T) {
	for _, left := range []int{0, 7, 25} {
		synctest.Test(t, func(t *testing.T) {
			r, h := holding(t, transport.Description{MaxRecords: 10})
			h.onClose = func() { h.do(func() { h.unread = left }) }
			next := &fake{}
			r.log(25)
			r.start()
			synctest.Wait()
			wantEqual(t, "acked while all is held", r.acked(), 0)
			r.replace(next)
			synctest.Wait()
			wantInts(t, "new one's", next.received(), seq(26-left, 25))
			wantEqual(t, "acked", r.acked(), 25)
			wantEqual(t, "resent", r.worker.Stats().Resent, uint64(left))
			wantEqual(t, "delivered", r.worker.Stats().Delivered, 25)
			r.mustClose()
		})
	}
}

// A new transport that holds gets the batches of several flights one at a time,
// and takes back only what it got itself.
func TestReplaceByAHolder(t *testing.T) {
	old := &fake{desc: transport.Description{MaxRecords: 10, MaxInFlight: 3}, reply: func(int, []encode.Record) error { return errDown }}
	h := &holder{fake: fake{desc: transport.Description{MaxRecords: 4}}}
	h.reply = func(_ int, recs []encode.Record) error { h.unread += len(recs); return nil }
	loaded(t, old, 30, func(r *rig) {
		time.Sleep(time.Minute)
		r.replace(h)
		synctest.Wait()
		wantInts(t, "new one's", h.received(), seq(1, 30))
		wantEqual(t, "most in a Send", max3(h.sizes()), 4)
		wantEqual(t, "Sends at a time", h.mostAtOnce(), 1)
		wantEqual(t, "acked while all is held", r.acked(), 0)
		h.do(func() { h.reply = breaking(h, len(h.sends), 5) })
		r.log(1)
		time.Sleep(time.Minute)
		wantInts(t, "and again", h.received(), append(seq(1, 30), seq(26, 31)...))
		h.do(func() { h.unread = 0 })
	})
}

func max3(s []int) (most int) {
	for _, n := range s {
		most = max(most, n)
	}
	return most
}

// Options alone: the connection stays.
func TestReplaceKeepsTheTransport(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 100, MaxInFlight: 4}, took: time.Second}
	bubble(t, f, func(r *rig) {
		r.log(1)
		synctest.Wait()
		o := r.opts
		o.Transport, o.MaxRecords, o.MaxInFlight, o.Route = nil, 10, 1, "renamed"
		r.worker.Replace(&o)
		r.log(100)
		time.Sleep(time.Minute)
		wantEqual(t, "closed", f.closings(), 0)
		wantEqual(t, "most in a Send", max3(f.sizes()), 10)
		wantEqual(t, "Sends at a time", f.mostAtOnce(), 1)
		wantEqual(t, "mark of the new name", f.routes["renamed"], true)
		wantInts(t, "received", f.received(), seq(1, 101))
	})
}

// Of several replacements the newest counts; the others are closed unused, and
// one without a transport keeps the transport of the one before it.
func TestReplaceReplaced(t *testing.T) {
	old, never, next := &fake{took: time.Second}, &fake{}, &fake{}
	bubble(t, old, func(r *rig) {
		r.log(1)
		synctest.Wait()
		r.replace(never)
		r.replace(next)
		wantEqual(t, "closed unused", never.closings(), 1)
		o := r.opts
		o.Transport, o.MaxRecords = nil, 5
		r.worker.Replace(&o)
		time.Sleep(time.Minute)
		r.log(20)
		time.Sleep(time.Minute)
		wantInts(t, "new one's", next.received(), seq(2, 21))
		wantEqual(t, "most in a Send", max3(next.sizes()), 5)
		wantEqual(t, "sent to the one between", len(never.calls()), 0)
	})
	wantEqual(t, "closed", old.closings()+next.closings(), 2)
}
