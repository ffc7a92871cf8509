package main

import "time"

// tally counts calls by how long they took, in steps of 10 ns up to a
// millisecond; the last step has what took longer. The times of an outage's ten
// million calls would be 40 MB of live heap, which lets as much garbage gather
// before it is collected, and the library's memory is what is measured.
type tally struct {
	steps [100_000]uint32
	n     int
}

const tallyStep = 10 * time.Nanosecond

func (l *tally) add(d time.Duration) {
	l.steps[min(max(int(d/tallyStep), 0), len(l.steps)-1)]++
	l.n++
}

// quantile is the upper end of the step that the share q of the calls reaches.
func (l *tally) quantile(q float64) time.Duration {
	rest := int(q * float64(l.n))
	for i, count := range l.steps {
		if rest -= int(count); rest < 0 {
			return time.Duration(i+1) * tallyStep
		}
	}
	return time.Duration(len(l.steps)) * tallyStep
}
