//go:build race

package buffer

// share chooses how often a random test goes round by default: the detector
// makes each round several times as long, and the night has them all.
func share(_, underRace int) int { return underRace }

// raceEnabled: times and memory say nothing under the race detector.
const raceEnabled = true
