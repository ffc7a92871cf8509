package deliver

import "github.com/slogship/slogship/internal/buffer"

// Source is the consumer's half of a buffer. All methods are called by
// the worker's goroutine alone.
type Source interface {
	Reader
	Accountant
}

// Reader hands out records in order and takes them back or lets them go.
type Reader interface {
	// Next appends what was committed after the read position to c and returns
	// how many entries that were; 0 means that there is nothing now.
	Next(c *buffer.Chunk, maxRecords, maxBytes int) int
	// Arm announces that the consumer is about to sleep. If it returns false,
	// there is something to read; otherwise the next change is sent on Ready: an
	// append, progress of recovery or adoption, a counted loss, Stop.
	Arm() bool
	Ready() <-chan struct{}
	// Exhausted reports, once Arm has returned true after the source's Stop,
	// whether nothing can come any more: no append is still under way.
	Exhausted() bool
	// Acked returns the position up to which everything that this process has
	// appended is acknowledged or dropped.
	Acked() buffer.Position
	// Ack lets go of everything up to and including m.
	Ack(m buffer.Mark)
	// Rewind puts the read position behind m; the zero Mark is the place of
	// the last Ack.
	Rewind(m buffer.Mark)
}

// Accountant keeps count of what was lost until the destination knows.
type Accountant interface {
	// Lose counts the loss of a record that was read and will be passed by
	// Ack; at is the time of its append.
	Lose(r buffer.Reason, level uint8, id [16]byte, at int64)
	// Loss returns the report that is due. The same one, with the same ID,
	// comes back until Reported.
	Loss() (buffer.Loss, bool)
	Reported(id [16]byte)
	Stats() buffer.Stats
}

var _ Source = (*buffer.Buffer)(nil)
