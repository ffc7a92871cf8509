package deliver

import (
	"testing"
	"testing/synctest"
	"time"
)

// armed counts how often an append was asked to wake the worker.
type armed struct {
	Source
	times int // the worker's goroutine alone writes it
}

func (s *armed) Arm() bool {
	ok := s.Source.Arm()
	if ok {
		s.times++
	}
	return ok
}

// Whoever logs pays for a wake-up, so of 10,000 records that come one by one, ten
// a millisecond, at most one a millisecond does; and none waits for longer.
func TestWakeUpsAreRare(t *testing.T) {
	f := &fake{}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, f)
		source := &armed{Source: r.buf}
		r.opts.Buffer = source
		r.start()
		synctest.Wait()
		const records = 10_000
		for range records {
			r.log(1)
			time.Sleep(wakeEvery / 10)
		}
		time.Sleep(wakeEvery)
		synctest.Wait()
		if n := len(f.received()); n != records {
			t.Errorf("%d of %d have come a millisecond after the last", n, records)
		}
		if most := records/10 + 2; source.times > most {
			t.Errorf("armed %d times, want at most %d", source.times, most)
		}
		r.mustClose()
	})
}
