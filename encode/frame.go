package encode

import (
	"slices"
	"strings"
)

// Frame is one call of a stack.
type Frame struct {
	Function string // package path-qualified, as runtime.Frame has it
	File     string
	Line     int
}

func cloneFrames(frames []Frame) []Frame {
	c := slices.Clone(frames)
	for i, f := range c {
		c[i] = Frame{Function: cloneString(f.Function), File: cloneString(f.File), Line: f.Line}
	}
	return c
}

// cloneString is strings.Clone under a name that says what it is for here:
// strings of a Record may point into memory that the next batch overwrites.
func cloneString(s string) string { return strings.Clone(s) }
