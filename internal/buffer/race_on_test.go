//go:build race

package buffer

// raceEnabled: times and memory say nothing under the race detector.
const raceEnabled = true
