package udp

import "time"

// span is how long a record counts as recent, at least: longer than an answer
// from the other side of the world takes.
const span = 500 * time.Millisecond

// recent counts the records of the last half to one second, in two buckets
// instead of a list of times: exact enough, and no memory.
type recent struct {
	old, young int
	since      time.Time // when young began
}

// sent counts n records.
func (r *recent) sent(n int, now time.Time) {
	r.pass(now)
	r.young += n
}

// pass lets go of what is old by now.
func (r *recent) pass(now time.Time) {
	switch age := now.Sub(r.since); {
	case age >= 2*span:
		r.old, r.young, r.since = 0, 0, now
	case age >= span:
		r.old, r.young, r.since = r.young, 0, now
	}
}

func (r *recent) held() int { return r.old + r.young }

// reset forgets all and returns what was held.
func (r *recent) reset() int {
	held := r.held()
	*r = recent{}
	return held
}
