package deliver

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
)

// aged returns a rig with 3 records of two hours ago and 3 of now.
func aged(t *testing.T, f *fake, s Stale) *rig {
	r := newRig(t, f)
	r.opts.MaxAge, r.opts.OnStale = time.Hour, s
	for range 3 {
		r.append(r.next, time.Now().Add(-2*time.Hour), "old")
		r.next++
	}
	r.log(3)
	return r
}

func TestStaleIsDropped(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := aged(t, f, Drop)
		r.bury() // not for those
		r.start()
		time.Sleep(time.Minute)
		got := f.received()
		wantInts(t, "received", got[:3], seq(4, 6))
		wantInts(t, "the loss report", got[3:], []int{-1})
		s := r.worker.Stats()
		wantEqual(t, "too old", s.TooOld, 3)
		wantEqual(t, "delivered", s.Delivered, 3)
		wantEqual(t, "counted by the source", r.buf.Stats().Dropped[buffer.TooOld][2], 3)
		wantEqual(t, "dead", len(r.dead()), 0)
		r.mustClose()
	})
}

func TestStaleBecomesADeadLetter(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := aged(t, f, DeadLetter)
		r.bury()
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(4, 6))
		wantInts(t, "dead", r.deadSeqs(), seq(1, 3))
		g := r.dead()[0]
		wantEqual(t, "reason", g.reason, "too_old")
		wantEqual(t, "attempts", g.attempts, 0)
		wantEqual(t, "no first attempt", g.first.IsZero(), true)
		wantEqual(t, "nothing lost", r.dropped(), 0)
		r.mustClose()
	})
}

func TestStaleWithoutDeadLetterIsDropped(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := aged(t, f, DeadLetter)
		r.start()
		time.Sleep(time.Minute)
		wantEqual(t, "too old", r.worker.Stats().TooOld, 3)
		wantEqual(t, "acked", r.acked(), 6)
		r.mustClose()
	})
}

func TestStaleIsRestamped(t *testing.T) {
	type sight struct {
		time     time.Time
		original time.Time
		attrs    int
	}
	seen := make(map[int][]sight)
	fails := 0
	f := &fake{}
	f.reply = func(_ int, recs []encode.Record) error {
		for i := range recs {
			s := sight{time: recs[i].Time, attrs: len(recs[i].Attrs)}
			for _, a := range recs[i].Attrs {
				if a.Key == originalTime && a.Value.Kind() == slog.KindTime {
					s.original = a.Value.Time()
				}
				if a.Key == "seq" {
					wantEqual(t, "own attribute", int(a.Value.Int64()), seqOf(&recs[i]))
				}
			}
			seen[seqOf(&recs[i])] = append(seen[seqOf(&recs[i])], s)
		}
		if fails++; fails <= 300 {
			return errDown
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		r := aged(t, f, Restamp)
		start := time.Now()
		r.start()
		time.Sleep(12 * time.Hour)
		wantInts(t, "received", f.received(), seq(1, 6))
		old, young := seen[1], seen[4]
		wantEqual(t, "time of the first try", old[0].time.Equal(start), true)
		wantEqual(t, "original", old[0].original.Equal(start.Add(-2*time.Hour)), true)
		wantEqual(t, "young record's time", young[0].time.Equal(start), true)
		wantEqual(t, "young record's attributes", young[0].attrs, 1)
		wantEqual(t, "time of the second try", old[1].time.Equal(start), true)
		last := len(old) - 1
		now := f.calls()[last].at
		if age := now.Sub(old[last].time); age > time.Hour || old[last].time.Equal(start) {
			t.Errorf("time at the last try is %v old", age)
		}
		wantEqual(t, "one original only", old[last].attrs, 2)
		wantEqual(t, "the original stays", old[last].original.Equal(start.Add(-2*time.Hour)), true)
		wantEqual(t, "the young one grew old", young[last].original.Equal(start), true)
		wantEqual(t, "nothing lost", r.dropped(), 0)
		r.mustClose()
	})
}

func TestAgeIsLookedAtBeforeEachSend(t *testing.T) {
	f := &fake{reply: func(int, []encode.Record) error { return errDown }}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.MaxAge = time.Hour
		r.log(5)
		r.start()
		time.Sleep(2 * time.Hour)
		wantEqual(t, "too old", r.worker.Stats().TooOld, 5)
		calls := f.calls()
		for _, s := range calls {
			if s.seq[0] > 0 && s.at.Sub(calls[0].at) > time.Hour {
				t.Fatalf("sent after %v", s.at.Sub(calls[0].at))
			}
		}
		_ = r.close(time.Minute)
	})
}

// T22: the wall clock jumps by an hour and by ten years, back and forth. The
// order is that of the appends, the backoff is that of the monotonic clock, and
// nothing is stuck. The jumps are in what is stored, which is all that the
// worker sees of the wall clock.
func TestClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	f := &fake{reply: scripted(errDown, errDown, errDown, errDown)}
	f.desc.MaxRecords = 3
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		for i := range 300 {
			jump := []time.Duration{0, time.Hour, -time.Hour, 10 * year, -10 * year}[i%5]
			r.append(r.next, time.Now().Add(jump), "x")
			r.next++
		}
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 300))
		for i, gap := range gaps(f.calls())[:4] {
			if limit := 100 * time.Millisecond << i; gap > limit {
				t.Errorf("backoff %d: %v, want at most %v", i, gap, limit)
			}
		}
		r.mustClose()
	})
}
