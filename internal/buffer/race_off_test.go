//go:build !race

package buffer

// share chooses how often a random test goes round by default: under the race
// detector less often.
func share(plain, _ int) int { return plain }

// raceEnabled: times and memory say nothing under the race detector.
const raceEnabled = false
