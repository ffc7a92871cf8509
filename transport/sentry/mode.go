package sentry

import "fmt"

// Mode is what records become at Sentry, which has two products for them.
type Mode uint8

const (
	// Events makes an event of each record from EventsFrom up: an issue, with
	// exceptions, stack, tags and breadcrumbs.
	Events Mode = iota

	// Logs makes a structured log of each record, whatever its level.
	Logs

	// Both makes a log of each record, and besides it an event of those from
	// EventsFrom up.
	Both
)

// String returns the mode's name.
func (m Mode) String() string {
	switch m {
	case Events:
		return "Events"
	case Logs:
		return "Logs"
	case Both:
		return "Both"
	default:
		return fmt.Sprintf("Mode(%d)", uint8(m))
	}
}

func (m Mode) events() bool { return m != Logs }
func (m Mode) logs() bool   { return m != Events }
