package deliver

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// scripted answers the first Sends with these errors, and accepts the rest.
func scripted(errs ...error) func(int, []encode.Record) error {
	return func(call int, _ []encode.Record) error {
		if call < len(errs) {
			return errs[call]
		}
		return nil
	}
}

// batchErr makes a BatchError of n records with the given children.
func batchErr(n int, children map[int]error) *transport.BatchError {
	e := &transport.BatchError{Errs: make([]error, n)}
	for i, err := range children {
		e.Errs[i] = err
	}
	return e
}

// Each row of the table, and the order in which an error is looked at.
func TestTable(t *testing.T) {
	perm := transport.Permanent(errBad)
	tests := []struct {
		name     string
		errs     []error
		sends    [][]int // of records 1 to 4
		got      []int
		dead     []int
		min, max time.Duration // between the first two Sends
	}{
		{
			name:  "nil acknowledges the batch",
			sends: [][]int{{1, 2, 3, 4}},
			got:   seq(1, 4),
		},
		{
			name:  "any other error sends the same records again",
			errs:  []error{errDown},
			sends: [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}},
			got:   seq(1, 4),
			max:   100 * time.Millisecond,
		},
		{
			name:  "RetryAfter waits for what was asked",
			errs:  []error{transport.RetryAfter(errDown, 10*time.Second)},
			sends: [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}},
			got:   seq(1, 4),
			min:   10 * time.Second, max: 11 * time.Second,
		},
		{
			name:  "BatchError sends what is left",
			errs:  []error{batchErr(4, map[int]error{1: errDown, 3: errDown})},
			sends: [][]int{{1, 2, 3, 4}, {2, 4}},
			got:   []int{1, 3, 2, 4},
			max:   100 * time.Millisecond,
		},
		{
			name:  "BatchError condemns a permanent child",
			errs:  []error{batchErr(4, map[int]error{1: perm, 3: errDown})},
			sends: [][]int{{1, 2, 3, 4}, {4}},
			got:   []int{1, 3, 4},
			dead:  []int{2},
			max:   100 * time.Millisecond,
		},
		{
			name:  "BatchError condemns a child that is too large",
			errs:  []error{batchErr(4, map[int]error{0: transport.ErrTooLarge})},
			sends: [][]int{{1, 2, 3, 4}},
			got:   []int{2, 3, 4},
			dead:  []int{1},
		},
		{
			name:  "BatchError obeys RetryAfter of a child",
			errs:  []error{batchErr(4, map[int]error{2: transport.RetryAfter(errDown, time.Minute)})},
			sends: [][]int{{1, 2, 3, 4}, {3}},
			got:   []int{1, 2, 4, 3},
			min:   time.Minute, max: 66 * time.Second,
		},
		{
			name:  "BatchError of the wrong length is a plain error",
			errs:  []error{batchErr(3, map[int]error{0: perm})},
			sends: [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}},
			got:   seq(1, 4),
			max:   100 * time.Millisecond,
		},
		{
			name:  "BatchError with only nil acknowledges all",
			errs:  []error{batchErr(4, nil)},
			sends: [][]int{{1, 2, 3, 4}},
			got:   seq(1, 4),
		},
		{
			name:  "ErrTooLarge splits at once",
			errs:  []error{transport.ErrTooLarge},
			sends: [][]int{{1, 2, 3, 4}, {1, 2}, {3, 4}},
			got:   seq(1, 4),
		},
		{
			name:  "ErrTooLarge alone is permanent",
			errs:  []error{transport.ErrTooLarge, transport.ErrTooLarge, transport.ErrTooLarge},
			sends: [][]int{{1, 2, 3, 4}, {1, 2}, {1}, {2}, {3, 4}},
			got:   []int{2, 3, 4},
			dead:  []int{1},
		},
		{
			name:  "Permanent bisects at once",
			errs:  []error{perm, perm, perm},
			sends: [][]int{{1, 2, 3, 4}, {1, 2}, {1}, {2}, {3, 4}},
			got:   []int{2, 3, 4},
			dead:  []int{1},
		},
		{
			name:  "RetryAfter around BatchError: both are heard",
			errs:  []error{transport.RetryAfter(batchErr(4, map[int]error{0: perm, 2: errDown}), time.Minute)},
			sends: [][]int{{1, 2, 3, 4}, {3}},
			got:   []int{2, 4, 3},
			dead:  []int{1},
			min:   time.Minute, max: 66 * time.Second,
		},
		{
			name:  "RetryAfter around Permanent bisects, later",
			errs:  []error{transport.RetryAfter(perm, time.Minute)},
			sends: [][]int{{1, 2, 3, 4}, {1, 2}, {3, 4}},
			got:   seq(1, 4),
			min:   time.Minute, max: 66 * time.Second,
		},
		{
			name:  "Permanent around BatchError does not condemn the batch",
			errs:  []error{transport.Permanent(batchErr(4, map[int]error{3: perm}))},
			sends: [][]int{{1, 2, 3, 4}},
			got:   seq(1, 3),
			dead:  []int{4},
		},
		{
			name:  "ErrTooLarge before Permanent",
			errs:  []error{transport.Permanent(transport.ErrTooLarge)},
			sends: [][]int{{1, 2, 3, 4}, {1, 2}, {3, 4}},
			got:   seq(1, 4),
		},
		{
			name:  "Resend before all others",
			errs:  []error{transport.Resend(perm, 3)},
			sends: [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}},
			got:   seq(1, 4),
			max:   100 * time.Millisecond,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{reply: scripted(tt.errs...)}
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, f)
				r.bury()
				r.log(4)
				r.start()
				time.Sleep(10 * time.Minute)
				calls := f.calls()
				for i := range max(len(calls), len(tt.sends)) {
					if i >= len(calls) || i >= len(tt.sends) || !slices.Equal(calls[i].seq, tt.sends[i]) {
						t.Fatalf("sends: got %v, want %v", calls, tt.sends)
					}
				}
				wantInts(t, "received", f.received(), tt.got)
				wantInts(t, "dead", r.deadSeqs(), tt.dead)
				wantEqual(t, "acked", r.acked(), 4)
				if len(calls) > 1 {
					if gap := calls[1].at.Sub(calls[0].at); gap < tt.min || gap > tt.max {
						t.Errorf("waited %v, want %v to %v", gap, tt.min, tt.max)
					}
				}
				r.mustClose()
				s := r.worker.Stats()
				wantEqual(t, "delivered", s.Delivered, uint64(len(tt.got)))
				wantEqual(t, "counted dead", s.Dead, uint64(len(tt.dead)))
			})
		})
	}
}

// T31: a bad record among a thousand is found at once, and the rest arrives in
// order.
func TestPoisonRecord(t *testing.T) {
	for _, bad := range []int{1, 2, 500, 777, 999, 1000} {
		f := &fake{took: 5 * time.Millisecond}
		f.reply = func(_ int, recs []encode.Record) error {
			if has(recs, bad) {
				return transport.Permanent(errBad)
			}
			return nil
		}
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, f)
			r.bury()
			r.log(1000)
			start := time.Now()
			r.start()
			time.Sleep(time.Second)
			want := slices.DeleteFunc(seq(1, 1000), func(n int) bool { return n == bad })
			wantInts(t, "received", f.received(), want)
			calls := f.calls()
			if last := calls[len(calls)-1].at.Sub(start); last > time.Second {
				t.Errorf("the others took %v", last)
			}
			g := r.dead()
			if len(g) != 1 {
				t.Fatalf("dead: %+v", g)
			}
			wantEqual(t, "dead record", g[0].seq, bad)
			wantEqual(t, "reason", g[0].reason, "refused")
			wantEqual(t, "answer", errors.Is(g[0].answer, errBad), true)
			wantEqual(t, "first attempt", g[0].first, start)
			with := 0
			for _, c := range calls {
				if slices.Contains(c.seq, bad) {
					with++
				}
			}
			wantEqual(t, "attempts", g[0].attempts, with)
			if limit := 24; len(calls) > limit {
				t.Errorf("%d sends, want at most %d", len(calls), limit)
			}
			wantEqual(t, "acked", r.acked(), 1000)
			r.mustClose()
		})
	}
}

// T32: with answers per record, nothing accepted goes again and everything
// refused is classified.
func TestPartialSuccess(t *testing.T) {
	tries := make(map[int]int)
	f := &fake{}
	f.reply = func(_ int, recs []encode.Record) error {
		e := &transport.BatchError{Errs: make([]error, len(recs))}
		for i := range recs {
			n := seqOf(&recs[i])
			tries[n]++
			switch {
			case n%10 == 0:
				e.Errs[i] = transport.Permanent(errBad)
			case n%7 == 0 && tries[n] < 4:
				e.Errs[i] = errDown
			}
		}
		return e
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.bury()
		r.log(1000)
		r.start()
		time.Sleep(time.Hour)
		got := f.received()
		slices.Sort(got)
		want := slices.DeleteFunc(seq(1, 1000), func(n int) bool { return n%10 == 0 })
		wantInts(t, "received once each", got, want)
		wantEqual(t, "dead", len(r.dead()), 100)
		for n, k := range tries {
			if n%10 == 0 && k != 1 || n%10 != 0 && n%7 == 0 && k != 4 || n%10 != 0 && n%7 != 0 && k != 1 {
				t.Errorf("record %d was sent %d times", n, k)
			}
		}
		r.mustClose()
		wantEqual(t, "bytes sent once each", r.worker.Stats().BytesSent > 0, true)
	})
}

// A Send that only half worked is no outage: the breaker stays closed.
func TestPartialSuccessIsProgress(t *testing.T) {
	f := &fake{}
	f.reply = func(_ int, recs []encode.Record) error {
		e := &transport.BatchError{Errs: make([]error, len(recs))}
		for i := range e.Errs[1:] {
			e.Errs[i+1] = errDown
		}
		return e
	}
	bubble(t, f, func(r *rig) {
		r.log(12)
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 12))
		for _, gap := range gaps(f.calls()) {
			if gap > 100*time.Millisecond {
				t.Errorf("waited %v: the backoff grew in spite of progress", gap)
			}
		}
	})
}

func gaps(calls []sending) []time.Duration {
	var d []time.Duration
	for i := 1; i < len(calls); i++ {
		d = append(d, calls[i].at.Sub(calls[i-1].at))
	}
	return d
}

func TestClassifiedErrorsReachOnError(t *testing.T) {
	f := &fake{reply: scripted(errDown, transport.RetryAfter(errBad, time.Second))}
	bubble(t, f, func(r *rig) {
		r.log(1)
		time.Sleep(time.Minute)
		wantEqual(t, "told of the first", r.told(errDown), 1)
		wantEqual(t, "told of the second", r.told(errBad), 1)
		s := r.worker.Stats()
		wantEqual(t, "last error", errors.Is(s.LastError, errBad), true)
		wantEqual(t, "its time", s.LastErrorAt, f.calls()[1].at)
		wantEqual(t, "sends", s.Sends, 3)
		wantEqual(t, "retries", s.Retries, 2)
	})
}

// tooLargeOver refuses batches of more than that many records and counts them.
func tooLargeOver(limit int, refused *int) func(int, []encode.Record) error {
	return func(_ int, recs []encode.Record) error {
		if len(recs) > limit {
			*refused++
			return transport.ErrTooLarge
		}
		return nil
	}
}
