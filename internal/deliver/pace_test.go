package deliver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
)

// perSecond counts the records sent in each second since start.
func perSecond(calls []sending, start time.Time) map[int]int {
	n := make(map[int]int)
	for _, s := range calls {
		n[int(s.at.Sub(start)/time.Second)] += len(s.seq)
	}
	return n
}

// A backlog is drained at the rate, which ramps up; once it is gone, the
// service sets the pace.
func TestDrainRate(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.DrainRate = 100
		r.log(3000)
		start := time.Now()
		r.start()
		time.Sleep(time.Minute)
		counts := perSecond(f.calls(), start)
		for second, n := range counts {
			if n > 120 {
				t.Errorf("%d records in second %d", n, second)
			}
		}
		if counts[0] > 70 {
			t.Errorf("%d records in the first second: no ramp", counts[0])
		}
		if counts[15] < 80 {
			t.Errorf("%d records in second 15: the ramp does not end", counts[15])
		}
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 3000)
		before := len(f.calls())
		f.do(func() { f.took = 100 * time.Millisecond })
		r.log(1)
		synctest.Wait() // it is on its way, so the rest gathers behind it
		r.log(2999)
		time.Sleep(time.Second)
		wantEqual(t, "delivered without a backlog", r.worker.Stats().Delivered, 6000)
		wantInts(t, "batches without a backlog", f.sizes()[before:], []int{1, 1000, 1000, 999})
		r.mustClose()
	})
}

// The pace is also held after an outage.
func TestDrainRateAfterAnOutage(t *testing.T) {
	down := false
	f := &fake{}
	f.reply = func(int, []encode.Record) error {
		if down {
			return errDown
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.DrainRate = 100
		r.log(1)
		r.start()
		time.Sleep(time.Second)
		f.do(func() { down = true })
		r.log(1)
		time.Sleep(10 * time.Minute)
		r.log(2000)
		f.do(func() { down = false })
		time.Sleep(10 * time.Minute)
		calls := f.calls()
		first := calls[len(calls)-1].at
		for _, s := range calls {
			if s.err == nil && len(s.seq) > 1 && s.at.Before(first) {
				first = s.at
			}
		}
		if took := calls[len(calls)-1].at.Sub(first); took < 15*time.Second {
			t.Errorf("2,000 records at 100 a second in %v", took)
		}
		wantEqual(t, "delivered", r.worker.Stats().Delivered, 2002)
		r.mustClose()
	})
}

// A fleet does not step in line.
func TestFirstSharesDiffer(t *testing.T) {
	seen := make(map[float64]bool)
	for range 100 {
		p := pace{rate: 100}
		p.begin(time.Now())
		if p.share < 0.1 || p.share > 0.5 {
			t.Errorf("share %v", p.share)
		}
		seen[p.share] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d different shares of 100", len(seen))
	}
}

func TestPace(t *testing.T) {
	now := time.Now()
	p := pace{rate: 100, active: true, start: now, share: 0.5}
	wantEqual(t, "rate at start", p.at(now), 50)
	wantEqual(t, "rate half way", p.at(now.Add(ramp/2)), 75)
	wantEqual(t, "rate after the ramp", p.at(now.Add(3*ramp)), 100)
	p.spend(now, 25)
	wantEqual(t, "next", p.next.Sub(now), 500*time.Millisecond)
	p.spend(now, 25)
	wantEqual(t, "next adds up", p.next.Sub(now), time.Second)
	wantEqual(t, "limit", p.limit(1000), 10)
	p.end()
	wantEqual(t, "limit at the end", p.limit(1000), 1000)
	wantEqual(t, "next at the end", p.next.IsZero(), true)
	off := pace{}
	off.begin(now)
	off.spend(now, 1000)
	wantEqual(t, "off", off.next.IsZero(), true)
	slow := pace{rate: 3, active: true}
	wantEqual(t, "limit of a slow rate", slow.limit(1000), 1)
}

func TestFit(t *testing.T) {
	f := fit{max: 1000, bytes: 1000}
	f.tooLarge(900)
	wantEqual(t, "half of what was too large", f.bytes, 450)
	f.tooLarge(900) // an older, larger batch
	wantEqual(t, "does not grow", f.bytes, 450)
	for range growAfter - 1 {
		f.accepted()
	}
	wantEqual(t, "not yet", f.bytes, 450)
	f.accepted()
	wantEqual(t, "doubled", f.bytes, 900)
	for range 2 * growAfter {
		f.accepted()
	}
	wantEqual(t, "at most the limit", f.bytes, 1000)
	f.tooLarge(1)
	wantEqual(t, "at least one", f.bytes, 1)
}

// A destination with a smaller limit than ours refuses a few batches, not each.
func TestLearnsTheDestinationsLimit(t *testing.T) {
	refused := 0
	f := &fake{}
	f.reply = tooLargeOver(100, &refused)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(30_000)
		r.start()
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 30_000))
		// Two batches are split from 1,000 down before the limit is known; with
		// nothing learnt, each of the 30 would be.
		synctest.Wait()
		if refused > 60 {
			t.Errorf("%d of %d batches were too large", refused, len(f.calls()))
		}
		r.mustClose()
	})
}

// While recovery still finds records, an empty read is not the end of the
// backlog.
func TestPaceLastsUntilRecovered(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.opts.DrainRate = 100
		r.opts.Buffer = &recovering{Source: r.buf, until: time.Now().Add(time.Minute)}
		r.start()
		time.Sleep(30 * time.Second)
		r.log(500)
		time.Sleep(time.Second)
		if n := len(f.received()); n > 150 {
			t.Errorf("%d records in a second", n)
		}
		time.Sleep(time.Minute)
		wantInts(t, "received", f.received(), seq(1, 500))
		r.mustClose()
	})
}
