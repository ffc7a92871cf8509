package tcp

// window remembers how many records the newest bytes of a connection are. It
// keeps at most two marks for each 1/512 of its size rather than one for each
// Send, so that its memory does not depend on how small the batches are; what is
// held is rounded up to a mark.
//
//	sent:       ----------------------------------------------> bytes
//	marks:           |         |         |         |         |
//	released:   ---->|<-- held: size + unsent, rounded up --->|
type window struct {
	size  int64 // bytes; below 0: nothing is ever held
	marks []mark
	head  int   // marks before it are released
	end   mark  // all that was sent on this connection
	free  int64 // records that are released; never goes back
}

// mark is a place in the stream, counted from the connection's beginning.
type mark struct{ bytes, records int64 }

// sent says that records of together so many bytes were written.
func (w *window) sent(bytes, records int) {
	w.end.bytes += int64(bytes)
	w.end.records += int64(records)
	if n := len(w.marks); n-w.head >= 2 && w.end.bytes-w.marks[n-2].bytes <= w.grain() {
		w.marks[n-1] = w.end // the last mark moves on while its stretch is short
		return
	}
	w.marks = append(w.marks, w.end)
}

func (w *window) grain() int64 { return max(w.size/512, 1024) }

// release lets go of what lies further back than size bytes and those that the
// kernel has not got rid of yet. The bytes on the wire may be a little more
// than those counted here (TLS adds to them), so the place that this computes
// could move back; free does not.
func (w *window) release(unsent int64) {
	if w.size < 0 {
		w.settle()
		return
	}
	edge := w.end.bytes - w.size - unsent
	for w.head < len(w.marks) && w.marks[w.head].bytes <= edge {
		w.free = w.marks[w.head].records
		w.head++
	}
	if w.head > len(w.marks)/2 {
		w.marks = w.marks[:copy(w.marks, w.marks[w.head:])]
		w.head = 0
	}
}

// settle lets go of everything.
func (w *window) settle() {
	w.free = w.end.records
	w.marks, w.head = w.marks[:0], 0
}

// held is how many of the newest records are not released.
func (w *window) held() int { return int(w.end.records - w.free) }

// reset starts a new connection and returns what was held on the old one.
func (w *window) reset() int {
	held := w.held()
	*w = window{size: w.size, marks: w.marks[:0]}
	return held
}
