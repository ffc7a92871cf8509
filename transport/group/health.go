package group

import "time"

const (
	// penaltyMost bounds how far relapses lengthen the wait of a member, as a
	// multiple of StableAfter.
	penaltyMost = 16
	// calmFor is how many waits a member has to be well for before a failure is
	// a new trouble and no relapse.
	calmFor = 4
)

// health says whether a member is used as a matter of course. It is guarded by
// the group's mu.
//
// One failure makes a member sick: to insist would cost each batch the time of a
// failed Send. The way back is the long one, and that is the hysteresis: the
// first success that comes at least wait after the last failure. wait is
// StableAfter, and doubles with each relapse, so that a member which works for a
// while and breaks again is tried ever less. (To count successes instead was the
// alternative: on a busy route ten of them are over in a few milliseconds.)
type health struct {
	stable time.Duration // StableAfter; never changed
	trials bool          // nobody probes it: only a Send can tell; never changed

	sick      bool
	proven    bool          // sick: the last answer was a success
	trying    bool          // a Send is under way that tries whether it is back
	wait      time.Duration // sick: what it takes
	failedAt  time.Time     // the last failure
	recovered time.Time     // when it became well again; zero: it never was sick
	notBefore time.Time     // it asked not to be sent anything before this
}

// rank orders the members that may be sent to.
type rank uint8

const (
	healthy   rank = iota // or on trial
	answering             // sick, but its last answer was a success
	sick                  // worth a try if there is no other
	deferred              // asked to be left alone for a while
)

func (h *health) rank(now time.Time) rank {
	switch {
	case now.Before(h.notBefore):
		return deferred
	case !h.sick, h.due(now):
		return healthy
	case h.proven:
		return answering
	default:
		return sick
	}
}

// due reports whether a member that nobody probes is to be tried again. One
// Send tries at a time: several in flight would all wait for the one that hangs.
func (h *health) due(now time.Time) bool {
	return h.sick && h.trials && !h.trying && !now.Before(h.failedAt.Add(h.wait))
}

// succeeded notes an answer.
func (h *health) succeeded(now time.Time) {
	h.trying = false
	if !h.sick {
		return
	}
	h.proven = true
	if !now.Before(h.failedAt.Add(h.wait)) && !now.Before(h.notBefore) {
		h.sick, h.proven, h.recovered = false, false, now
	}
}

// failed notes a failure. after is what the member asked for, 0: nothing.
func (h *health) failed(now time.Time, after time.Duration) {
	switch {
	case !h.sick && h.relapse(now), h.sick && h.trying:
		h.wait = min(2*h.wait, penaltyMost*h.stable)
	case !h.sick:
		h.wait = h.stable
	}
	h.sick, h.proven, h.trying, h.failedAt = true, false, false, now
	if after > 0 {
		h.notBefore = now.Add(after)
	}
}

func (h *health) relapse(now time.Time) bool {
	return !h.recovered.IsZero() && now.Before(h.recovered.Add(calmFor*h.wait))
}
