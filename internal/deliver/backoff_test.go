package deliver

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

func TestBackoffIsExponentialWithFullJitter(t *testing.T) {
	o := Options{InitialInterval: 100 * time.Millisecond, MaxInterval: 30 * time.Second, Multiplier: 2}
	limits := map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 5: 1600 * time.Millisecond,
		9: 25600 * time.Millisecond, 10: 30 * time.Second, 5000: 30 * time.Second,
	}
	for failures, limit := range limits {
		var least, most, sum time.Duration = limit, 0, 0
		const rounds = 2000
		for range rounds {
			d := o.backoff(failures)
			if d < 0 || d >= limit {
				t.Fatalf("%d failures: %v, want below %v", failures, d, limit)
			}
			least, most, sum = min(least, d), max(most, d), sum+d
		}
		// A uniform draw misses each of these with odds below 1e-40.
		if least > limit/20 || most < limit-limit/20 {
			t.Errorf("%d failures: %v to %v: not the full interval below %v", failures, least, most, limit)
		}
		if mean := sum / rounds; mean < limit*4/10 || mean > limit*6/10 {
			t.Errorf("%d failures: mean %v of %v", failures, mean, limit)
		}
	}
}

// T33: obeyed within 10 %, and a crowd that got the same answer spreads.
func TestObeysRetryAfter(t *testing.T) {
	const d = 10 * time.Second
	var buckets [10]int
	for range 10_000 {
		wait := obey(d)
		if wait < d || wait >= d+d/10 {
			t.Fatalf("%v, want %v to %v", wait, d, d+d/10)
		}
		buckets[int((wait-d)*10/(d/10))]++
	}
	for i, n := range buckets {
		if n < 800 || n > 1200 { // mean 1000, deviation 30
			t.Errorf("tenth %d has %d of 10,000", i, n)
		}
	}
	wantEqual(t, "nothing asked", obey(0), 0)
	wantEqual(t, "nonsense asked", obey(-d), 0)
	if wait := obey(math.MaxInt64); wait < 100*365*24*time.Hour {
		t.Errorf("asked to be left alone for ever: %v", wait)
	}
}

// T33: after an outage, 1,000 workers do not come back as one: at most twice
// the mean of the interval they spread over.
func TestCrowdAfterAnOutage(t *testing.T) {
	o := (&Options{Transport: &fake{}}).withDefaults(transport.Description{})
	var buckets [10]int
	for range 1000 {
		buckets[int(o.backoff(50)*10/o.MaxInterval)]++
	}
	for i, n := range buckets {
		if n > 200 {
			t.Errorf("tenth %d of the interval has %d of 1,000", i, n)
		}
	}
}

// The backoff grows while nothing works, and starts anew after a success.
func TestBackoffGrowsAndResets(t *testing.T) {
	var grown, fresh time.Duration
	for range 30 {
		outage := 8
		f := &fake{desc: transport.Description{MaxRecords: 1}}
		f.reply = func(call int, _ []encode.Record) error {
			if call < outage || call == outage+1 {
				return errDown
			}
			return nil
		}
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, f)
			r.log(2)
			r.start()
			time.Sleep(time.Hour)
			g := gaps(f.calls())
			for i, gap := range g[:outage] {
				if limit := 100 * time.Millisecond << i; gap > limit {
					t.Errorf("wait %d was %v, want at most %v", i, gap, limit)
				}
			}
			grown = max(grown, g[outage-1])
			fresh = max(fresh, g[outage+1])
			r.mustClose()
		})
	}
	if grown < 3*time.Second {
		t.Errorf("longest of 30 eighth waits is %v: it does not grow", grown)
	}
	if fresh > 100*time.Millisecond {
		t.Errorf("wait after a success is %v", fresh)
	}
}

// max(backoff, d): an answer that asks for little does not shorten the backoff.
func TestRetryAfterDoesNotShortenTheBackoff(t *testing.T) {
	f := &fake{reply: func(int, []encode.Record) error { return transport.RetryAfter(errDown, time.Millisecond) }}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		r.log(1)
		r.start()
		time.Sleep(time.Hour)
		if n := len(f.calls()); n > 3600/8 {
			t.Errorf("%d sends in an hour", n)
		}
		_ = r.close(time.Minute)
	})
}

// RetryAfter is about the destination: it stops the other Sends as well.
func TestRetryAfterStopsAllInFlight(t *testing.T) {
	f := &fake{desc: transport.Description{MaxRecords: 1, MaxInFlight: 4}}
	f.reply = scripted(transport.RetryAfter(errDown, time.Hour))
	bubble(t, f, func(r *rig) {
		r.log(1)
		time.Sleep(time.Second)
		r.log(3) // there is room for them in flight
		time.Sleep(3 * time.Hour)
		calls := f.calls()
		wantEqual(t, "sends", len(calls), 5)
		for i, gap := range gaps(calls)[:1] {
			if gap < time.Hour {
				t.Errorf("send %d after %v", i+1, gap)
			}
		}
	})
}
