package codec

// Reset takes back the memory of everything decoded so far.
//
// It does not clear it: that would cost as much as filling it. So some strings
// of the last batches stay reachable, and with them the memory of payloads
// that the reader has let go; the next batches overwrite them.
func (d *Decoder) Reset() {
	// One batch after an outage may be a thousand times the usual one. Its
	// memory is kept for a while, because such batches come in a row, but not
	// for ever.
	if d.mostlyUnused() {
		d.idle++
	} else {
		d.idle = 0
	}
	if d.idle >= idleResets {
		*d = Decoder{zones: d.zones}
		return
	}
	d.attrs, d.nested, d.values = d.attrs[:0], d.nested[:0], d.values[:0]
	d.errs, d.causes, d.frames = d.errs[:0], d.causes[:0], d.frames[:0]
	d.bytes = d.bytes[:0]
}

// idleResets is how many Resets in a row must find the memory mostly unused
// before it is given back.
const idleResets = 64

// mostlyUnused reports whether some arena is large and nearly empty.
func (d *Decoder) mostlyUnused() bool {
	return unused(d.attrs) || unused(d.nested) || unused(d.values) || unused(d.errs) ||
		unused(d.causes) || unused(d.frames) || cap(d.bytes) > 1<<18 && len(d.bytes) < cap(d.bytes)/8
}

// unused reports whether an arena of more than 16,384 elements (above what a
// full batch of usual records takes, so that a busy route whose batches vary
// does not give back and grow again all the time) is filled to
// less than an eighth.
func unused[T any](arena []T) bool {
	return cap(arena) > 1<<14 && len(arena) < cap(arena)/8
}
