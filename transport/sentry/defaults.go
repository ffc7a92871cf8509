package sentry

import (
	"cmp"
	"fmt"
)

// withDefaults is the one place where defaults are applied and values checked
// that stand alone.
func (d Destination) withDefaults() (Destination, error) {
	d.MaxEvent = cmp.Or(d.MaxEvent, DefaultMaxEvent)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultMaxRecords)
	d.MaxBytes = cmp.Or(d.MaxBytes, DefaultMaxBytes)
	d.User = cmp.Or(d.User, "user")
	if d.Template == nil {
		d.Template = Template
	}
	d.EventsFrom = d.eventsFrom()
	for _, field := range []struct {
		name             string
		value, low, high int
	}{
		{"Mode", int(d.Mode), int(Events), int(Both)},
		{"MaxEvent", d.MaxEvent, 4096, 64 << 20},
		{"MaxRecords", d.MaxRecords, 1, 10_000},
		{"MaxBytes", d.MaxBytes, 1, 16 << 20},
	} {
		if field.value < field.low || field.value > field.high {
			return d, fmt.Errorf("sentry: %s %d: %d to %d: %w", field.name, field.value, field.low, field.high, ErrConfig)
		}
	}
	for _, name := range d.Tags {
		if name == "" {
			return d, fmt.Errorf("sentry: Tags %q: the name of an attribute: %w", d.Tags, ErrConfig)
		}
	}
	return d, nil
}
