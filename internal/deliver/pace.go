package deliver

import (
	"math/rand/v2"
	"time"
)

// ramp is how long the pace takes from its random first share to the full
// rate.
const ramp = 10 * time.Second

// pace holds DrainRate after an outage. It is the worker goroutine's own.
type pace struct {
	rate   float64 // records per second; 0: no limit
	active bool
	start  time.Time
	share  float64   // of the rate, at start
	next   time.Time // no Send before this
}

// begin starts the ramp. The first share is random, so that the workers of a
// fleet, which all see the same collector come back, do not step in line.
func (p *pace) begin(now time.Time) {
	if p.rate > 0 {
		p.active, p.start, p.next = true, now, now
		p.share = 0.1 + 0.4*rand.Float64()
	}
}

// end is called when the backlog is gone: from there on the service itself
// sets the pace.
func (p *pace) end() { p.active, p.next = false, time.Time{} }

// spend counts records that are sent now.
func (p *pace) spend(now time.Time, records int) {
	if !p.active {
		return
	}
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(records) / p.at(now) * float64(time.Second)))
}

// at returns the rate of the moment.
func (p *pace) at(now time.Time) float64 {
	progress := min(1, float64(now.Sub(p.start))/float64(ramp))
	return p.rate * (p.share + (1-p.share)*progress)
}

// limit returns how many records a batch may have: at most what the rate
// allows in a tenth of a second, else a low rate would come as rare bursts.
func (p *pace) limit(records int) int {
	if !p.active {
		return records
	}
	return min(records, max(1, int(p.rate/10)))
}
