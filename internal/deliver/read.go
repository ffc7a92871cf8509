package deliver

import "time"

// lookAgain is how long the worker waits when its source says that there is
// something to read and then has nothing, again and again: it must not burn a
// core over a producer that was descheduled in the middle of a copy.
const lookAgain = time.Millisecond

// patientSpins is how many times that may happen before the worker waits.
const patientSpins = 64

// fill reads ahead: it tops the next batch up with what has come, until it is
// full or there is nothing more. It runs on every event, so a batch that waits
// for its turn keeps growing, and that is all the batching there is.
func (w *Worker) fill(now time.Time) {
	b := w.filling()
	if b.full {
		return
	}
	if len(b.slots) == 0 {
		if w.closing() {
			w.losses.next = time.Time{} // there may be no later time to tell
		}
		w.addReport(b, now)
	}
	empty := len(b.chunk.Entries) == 0
	for !b.full && w.read(b) {
	}
	if empty {
		w.filled(b, now)
	}
}

// filling returns the batch that is being filled. It is separate from the
// window, so that reading and decoding go on while a Send runs: with one Send
// in flight that is double buffering.
func (w *Worker) filling() *batch {
	if w.next == nil {
		if n := len(w.free); n > 0 {
			w.next, w.free = w.free[n-1], w.free[:n-1]
		} else {
			w.next = new(batch) // at most one more than there are Sends in flight
		}
	}
	return w.next
}

// read takes what one call of Next gives. It reports whether that was
// something.
func (w *Worker) read(b *batch) bool {
	from := len(b.chunk.Entries)
	room := w.pace.limit(w.opts.MaxRecords) - len(b.slots)
	if room <= 0 {
		b.full = true
		return false
	}
	n := w.opts.Buffer.Next(&b.chunk, room, max(w.fit.bytes-b.bytes, 1))
	if n == 0 {
		return false
	}
	w.spins = 0
	// Next gives at least one entry, also if it does not fit. Alone in a batch
	// that is right; behind others it has to wait for the next batch.
	if first := len(b.chunk.Entries[from].Payload); len(b.slots) > 0 && b.bytes+first > w.fit.bytes {
		b.chunk.Entries = b.chunk.Entries[:from]
		b.full = true
		w.opts.Buffer.Rewind(w.readMark)
		return false
	}
	w.decode(b, from)
	w.readMark = b.slots[len(b.slots)-1].mark
	// "About full" is full: to squeeze in a last small record would cost a
	// rewind for each batch whose next record is not small.
	b.full = len(b.slots) >= w.opts.MaxRecords || w.fit.bytes-b.bytes < max(b.largest, w.fit.bytes/16)
	return true
}

// filled looks at what the first read into an empty batch has shown.
func (w *Worker) filled(b *batch, now time.Time) {
	switch {
	case len(b.slots) > 0:
		if w.rested {
			b.linger = now.Add(w.opts.Linger)
		}
		w.rested = false
	case w.pace.active && !w.opts.Buffer.Stats().Recovering:
		w.pace.end()
	}
}
