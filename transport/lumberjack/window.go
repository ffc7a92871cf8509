package lumberjack

import (
	"fmt"

	"github.com/slogship/slogship/encode"
)

// window is what was sent and is not acknowledged in full. Its events have the
// sequence numbers 1, 2, 3, …, and an ack is for all up to its number.
//
// A window outlives the Send that sent it when the receiver needs longer than
// that Send had: the next one brings the same records (the worker sends what is
// left, with the same IDs), and goes on waiting. To send them again instead
// would give a receiver that is too slow the same work once more for each
// SendTimeout, and its output every record as often.
type window struct {
	ids   []encode.ID // by sequence number, from 1
	at    []int       // the index of each in the Send that runs
	acked int         // events acknowledged
	known int         // of those, how many a Send has answered for
}

// reset begins a window without events.
func (w *window) reset() { *w = window{ids: w.ids[:0], at: w.at[:0]} }

// add takes the record with that index as the next event.
func (w *window) add(id encode.ID, index int) {
	w.ids = append(w.ids, id)
	w.at = append(w.at, index)
}

// left is how many events wait for an ack.
func (w *window) left() int { return len(w.ids) - w.acked }

// resume reports whether recs begin with the events that are left, and makes
// them the records that an ack is for. Records without an ID are not known
// again.
func (w *window) resume(recs []encode.Record) bool {
	if w.left() > len(recs) {
		return false
	}
	for i, id := range w.ids[w.acked:] {
		if id.IsZero() || recs[i].ID != id {
			return false
		}
	}
	for i := range w.left() {
		w.at[w.acked+i] = i
	}
	w.known = w.acked
	return true
}

// take counts an ack. One that is no news (a repeated one, or 0) is how a
// receiver says that it is still at work.
func (w *window) take(seq uint32) error {
	if uint64(seq) > uint64(len(w.ids)) {
		return fmt.Errorf("an ack of %d in a window of %d: %w", seq, len(w.ids), errProtocol)
	}
	w.acked = max(w.acked, int(seq))
	return nil
}

// news calls accept with the index of each record that was acknowledged since
// the last call, and returns how many there were.
func (w *window) news(accept func(index int)) int {
	n := w.acked - w.known
	for _, i := range w.at[w.known:w.acked] {
		accept(i)
	}
	w.known = w.acked
	return n
}
