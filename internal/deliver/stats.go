package deliver

import (
	"sync"
	"time"
)

// Stats are a worker's counters since its start. A record is counted when the
// cursor passes it, so that Delivered + Dead + Refused + TooOld is what the
// worker has acknowledged to its source. Reports of losses are not records of
// the route and count in LossReports alone.
type Stats struct {
	Delivered   uint64 // accepted by the destination
	Dead        uint64 // stored as dead letters, whatever the reason
	Refused     uint64 // refused or undecodable, and there was no place for dead letters
	TooOld      uint64 // dropped by OnStale
	Undecodable uint64 // the part of Dead and Refused whose payload did not decode
	LossReports uint64 // loss reports that the destination has accepted or refused for good

	Sends     uint64 // batches and parts of batches handed to the transport
	Retries   uint64 // Sends that repeat one which failed
	Resent    uint64 // records sent again because the transport asked for it
	BytesSent uint64 // payload bytes of the records in Sends that were accepted

	LastError   error // of the last failed Send, Probe or Dead; nil if none failed
	LastErrorAt time.Time

	Breaker  string // "closed", "open" or "half-open"
	InFlight int    // Sends that run now
	Held     int    // records sent that the transport cannot vouch for yet
}

// counters guards Stats. A mutex, not atomics: it is taken a few times a batch
// and gives a reader figures that belong together.
type counters struct {
	mu    sync.Mutex
	stats Stats // guarded by mu
}

func (c *counters) change(f func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.stats)
}

// Stats returns the counters as they are now. It may be called at any time, by
// any goroutine, also after Close.
func (w *Worker) Stats() Stats {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	return w.counters.stats
}

// failed notes err as the last error and passes it on. It is called by the
// worker's goroutine alone, so OnError needs no lock against itself.
func (w *Worker) failed(err error) {
	w.counters.change(func(s *Stats) { s.LastError, s.LastErrorAt = err, time.Now() })
	w.report(err)
}

// report passes err to OnError. A panic there is contained: the host's error
// hook must not cost the route.
func (w *Worker) report(err error) {
	defer func() { _ = recover() }()
	w.opts.OnError(err)
}
