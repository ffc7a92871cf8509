package deliver

import (
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

// state is what is known about one record of a batch.
type state uint8

const (
	pending   state = iota // to be sent, or sent without an answer
	suspect                // refused alone; may become pending again (see doc.go)
	accepted               // the destination has it
	condemned              // will not be delivered, not stored as a dead letter yet
	buried                 // stored as a dead letter
	lost                   // will not be delivered and there is no dead letter
)

// slot is one record of a batch. It stands at the same index as its record.
type slot struct {
	mark     buffer.Mark
	size     int   // payload bytes
	stamp    int64 // unix nanoseconds that MaxAge counts from
	answer   error // why it is suspect, condemned, buried or lost
	attempts int   // failed Sends that it was part of
	level    uint8
	state    state
	reason   buffer.Reason // valid from suspect on, but for accepted
	garbled  bool          // the payload did not decode: the record is a stand-in
	stamped  bool          // OnStale has given it a new time already
	answered bool          // accepted by a transport that was replaced, so not among what this one holds
}

// span is a range of a batch's slots that goes into one Send.
type span struct{ lo, hi int }

// batch is what one lane works on. It belongs to the worker's goroutine,
// except between the handing over of a job and its result, when it is the
// lane's. All its memory is used again.
type batch struct {
	chunk   buffer.Chunk
	decoder codec.Decoder
	recs    []encode.Record // aligned with slots; valid until reset
	slots   []slot
	spans   []span          // what is left to send; the last is next
	picked  []int           // the slots of the Send that runs or ran last
	gather  []encode.Record // the records of a Send whose slots have gaps

	progress
}

// progress is the part of a batch that reset forgets.
type progress struct {
	bytes    int  // sum of the slots' sizes
	largest  int  // largest of them
	full     bool // takes no more
	report   bool // slot 0 is a loss report
	launched bool // in the window: its slots are fixed
	flying   bool // a job has it
	whole    bool // accepted in one Send, with nothing left out

	failures int       // failed Sends in a row
	retryAt  time.Time // not before this; zero: at once
	first    time.Time // start of the first Send
	linger   time.Time // while it fills: do not send before this
	sentAt   time.Time // start of the Send that runs; zero: none
	overdue  bool      // and OnError knows that it does not end
}

// reset makes b an empty batch. What its records point to is gone.
func (b *batch) reset() {
	b.chunk.Reset()
	b.decoder.Reset()
	clear(b.slots) // lets go of answers
	clear(b.gather)
	b.recs, b.slots, b.spans = b.recs[:0], b.slots[:0], b.spans[:0]
	b.picked, b.gather = b.picked[:0], b.gather[:0]
	b.progress = progress{}
}

// add appends one slot with its record to be filled in.
func (b *batch) add(s slot) *encode.Record {
	b.slots = append(b.slots, s)
	b.bytes += s.size
	b.largest = max(b.largest, s.size)
	if n := len(b.recs); n < cap(b.recs) {
		b.recs = b.recs[:n+1] // decoding sets every field; zeroing it first costs as much as copying it
	} else {
		b.recs = append(b.recs, encode.Record{})
	}
	return &b.recs[len(b.recs)-1]
}

// launch ends the filling: from now on the slots are fixed.
func (b *batch) launch() {
	b.launched = true
	b.spans = append(b.spans, span{0, len(b.slots)})
	b.trim()
}

// trim drops spans at the top that have nothing pending left. It keeps the rule
// that a batch with spans has something to send, which undecided relies on.
func (b *batch) trim() {
	for len(b.spans) > 0 && b.firstPending(b.spans[len(b.spans)-1]) < 0 {
		b.spans = b.spans[:len(b.spans)-1]
	}
}

func (b *batch) firstPending(s span) int {
	for i := s.lo; i < s.hi; i++ {
		if b.slots[i].state == pending {
			return i
		}
	}
	return -1
}

// pick returns the records of the next Send: what is pending in the top span.
// Where nothing is missing between them that is a part of recs itself, clipped,
// so that an append by the transport cannot reach the next record; only a batch
// that a BatchError has left with gaps is gathered, by copying.
func (b *batch) pick() []encode.Record {
	top := b.spans[len(b.spans)-1]
	b.picked = b.picked[:0]
	for i := top.lo; i < top.hi; i++ {
		if b.slots[i].state == pending {
			b.picked = append(b.picked, i)
		}
	}
	lo, hi := b.picked[0], b.picked[len(b.picked)-1]+1
	if hi-lo == len(b.picked) {
		return b.recs[lo:hi:hi]
	}
	b.gather = b.gather[:0]
	for _, i := range b.picked {
		b.gather = append(b.gather, b.recs[i])
	}
	return b.gather
}

// pickedBytes returns the payload bytes of the last Send.
func (b *batch) pickedBytes() int {
	if len(b.picked) == len(b.slots) {
		return b.bytes
	}
	n := 0
	for _, i := range b.picked {
		n += b.slots[i].size
	}
	return n
}

// sent counts the records that a Send took, with nil for all or for theirs in a
// BatchError, so that the transport may still hold them.
func (b *batch) sent() int {
	n := 0
	for i := range b.slots {
		if b.slots[i].sent() {
			n++
		}
	}
	return n
}

func (s *slot) sent() bool { return s.state == accepted && !s.answered }

// undecided reports whether some record still has to be sent.
func (b *batch) undecided() bool { return len(b.spans) > 0 }

// unburied reports whether some dead letter still has to be stored.
func (b *batch) unburied() bool {
	for i := range b.slots {
		if b.slots[i].state == condemned {
			return true
		}
	}
	return false
}
