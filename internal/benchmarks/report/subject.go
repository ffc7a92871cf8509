package main

import (
	"slices"
	"time"
)

// subject is one of the things that are measured side by side.
type subject struct {
	run func(n int) // does the thing n times
	n   int         // how often in one round
}

// warmUp rounds come first and do not count.
const warmUp = 1

// compare returns the median nanoseconds of one operation of each subject. All
// take turns, round by round, so that what else the machine does hits them
// alike. Rounds are short bursts rather than a second of full speed: a service
// logs in bursts, and the segments that the background makes ahead are meant
// for them.
func compare(rounds int, subjects ...subject) []float64 {
	times := make([][]float64, len(subjects))
	for round := range rounds + warmUp {
		for i, s := range subjects {
			start := time.Now()
			s.run(s.n)
			if round >= warmUp {
				times[i] = append(times[i], float64(time.Since(start))/float64(s.n))
			}
			time.Sleep(3 * time.Millisecond) // the background makes its runway again
		}
	}
	medians := make([]float64, len(subjects))
	for i, t := range times {
		slices.Sort(t)
		medians[i] = t[len(t)/2]
	}
	return medians
}

// beyond returns, for each subject, the median of what an operation took longer
// than base's in the same round, in nanoseconds. It is for differences of a tenth
// of what is measured: bursts are so short that base and subject have the same
// clock and the same neighbours, which the medians of whole bursts have not.
func beyond(rounds int, base subject, subjects ...subject) []float64 {
	all := append([]subject{base}, subjects...)
	more := make([][]float64, len(subjects))
	for round := range rounds + warmUp {
		var took [8]float64
		for i, s := range all {
			start := time.Now()
			s.run(s.n)
			took[i] = float64(time.Since(start)) / float64(s.n)
		}
		for i := range more {
			if round >= warmUp {
				more[i] = append(more[i], took[i+1]-took[0])
			}
		}
		time.Sleep(time.Millisecond)
	}
	medians := make([]float64, len(more))
	for i, m := range more {
		slices.Sort(m)
		medians[i] = m[len(m)/2]
	}
	return medians
}
