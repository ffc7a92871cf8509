package buffer

import "errors"

// Errors of Append and Open. Append has counted each of them by reason and
// level before it returns, but for [ErrNotDurable], which is no loss.
var (
	// ErrFull: no room, and the policy says that the newcomer goes. Retrying
	// later may succeed. Counted as queue_overflow.
	ErrFull = errors.New("buffer: full")

	// ErrStalled: no segment came within StallTimeout, because the disk is
	// slow, full or gone. Retrying later may succeed. Counted as
	// disk_stalled.
	ErrStalled = errors.New("buffer: disk stalled")

	// ErrClosed: after Stop or Close. Never retry. Counted as closed.
	ErrClosed = errors.New("buffer: closed")

	// ErrTooLarge: the payload is over MaxRecord, or shorter than the id that
	// it must start with. Never retry. Counted as refused.
	ErrTooLarge = errors.New("buffer: record size out of bounds")

	// ErrNotDurable: the record is in the buffer and will be delivered if the
	// process lives, but its sync (Power) or its write (mode Written) failed or
	// did not come in time: for a write, at once while a stall is known. Not
	// counted as lost. Never append it again.
	ErrNotDurable = errors.New("buffer: not durable")
)
