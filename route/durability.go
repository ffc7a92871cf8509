package route

import "time"

// Durability is what a returned log call survives besides the death of the
// process, which every durable route survives.
type Durability struct {
	kind     uint8 // 0 process, 1 interval, 2 power
	interval time.Duration
}

// Process returns the default: records survive the death of the process, not
// the loss of power before the kernel has written them.
func Process() Durability { return Durability{} }

// Interval also survives the loss of power, but for what was logged within the
// last d. d is at least a millisecond.
func Interval(d time.Duration) Durability { return Durability{kind: 1, interval: d} }

// Power survives the loss of power: the call returns when the record is on
// stable storage. Calls share one sync, so they are slow but not one by one.
func Power() Durability { return Durability{kind: 2} }

// Every returns the interval and true for Interval.
func (d Durability) Every() (time.Duration, bool) { return d.interval, d.kind == 1 }

// IsPower reports whether d is Power.
func (d Durability) IsPower() bool { return d.kind == 2 }

// String returns "process", "interval(1s)" or "power".
func (d Durability) String() string {
	switch d.kind {
	case 1:
		return "interval(" + d.interval.String() + ")"
	case 2:
		return "power"
	default:
		return "process"
	}
}
