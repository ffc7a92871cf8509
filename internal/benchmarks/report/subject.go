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
