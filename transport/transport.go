// Package transport is the contract between slogship's delivery workers and
// the adapters that speak a destination's protocol.
//
// An adapter is small: it opens a connection when it needs one, encodes a
// batch, sends it, waits for the destination's answer and says with the error
// it returns what has to happen to the records. Everything else — buffering,
// batching, retry, backoff, ordering, dead letters — is the worker's, and is
// the same for all. Package transporttest checks an adapter against each
// sentence of this contract.
package transport

import (
	"context"
	"time"

	"github.com/slogship/slogship/encode"
)

// Destination is configuration as plain data: a struct whose zero fields are
// defaults.
type Destination interface {
	// Open checks the configuration and makes the transport, without network
	// I/O: a destination that cannot be reached is an error of Send. Its error
	// names the field, the value and what is allowed, and holds no secret.
	Open() (Transport, error)
}

// Transport delivers batches to one destination.
type Transport interface {
	// Describe says what one Send may hold and how the destination answers. It
	// is called once, before the first Send.
	Describe() Description

	// Send delivers recs in order and blocks until the destination has answered
	// or ctx is done. nil means that the destination has taken responsibility
	// for every record (for one that never answers: that the records are on
	// their way, see [Holder]). Send connects when it needs to, never retries,
	// never keeps recs or what they point to after it has returned, and is
	// called concurrently with itself only up to Description.MaxInFlight. recs
	// is never empty. The errors it may return, and what the worker makes of
	// them, are listed at [Outcome].
	Send(ctx context.Context, recs []encode.Record) error

	// Close releases what the transport holds. It is called once, after the
	// last Send has returned (or has been abandoned, 100 ms after its ctx was
	// done). Send after Close returns [ErrClosed].
	Close() error
}

// Description is what a transport says of itself. The zero Description is a
// good default.
type Description struct {
	// MaxRecords is the most records that one Send may hold. Default 1,000.
	MaxRecords int

	// MaxBytes is the most bytes that the records of one Send may take in the
	// buffer, a good measure of their size in any format. One record may exceed
	// it alone. Default 1 MiB.
	MaxBytes int

	// Linger is how long an idle worker waits for more records before it sends
	// what there is. Default 0: at once. A busy worker never lingers.
	Linger time.Duration

	// MaxInFlight is how many Sends may run at a time. Default 1. Above 1,
	// order is kept within a batch only.
	MaxInFlight int

	// Acknowledged says that nil from Send is the destination's own answer, not
	// merely that the bytes were written.
	Acknowledged bool

	// Direct says that the transport may be used without a buffer, called on
	// the goroutine that logs: it is fast, local and safe for concurrent Sends
	// whatever MaxInFlight says.
	Direct bool
}

// Holder is implemented by transports whose destination does not acknowledge.
type Holder interface {
	// Held returns how many of the newest records for which Send returned nil
	// (for all, or for theirs in a BatchError) the peer may not have read yet.
	// The buffer keeps them; after a break the transport returns [Resend]. Held
	// is called after each Send, from time to time while the worker is idle, and
	// after Close, never concurrently with Send.
	Held() int
}

// Prober is implemented by transports that can tell whether the destination
// would accept a Send, without sending a record.
type Prober interface {
	// Probe returns nil if it would. It is never called concurrently with Send.
	// Of a transport that is a [Holder] too, the error may be [Resend]: the
	// connection broke while there was nothing to send, and what was held has
	// to go again. An idle worker whose transport holds records asks for that
	// reason, as the next record may be a long time coming.
	Probe(ctx context.Context) error
}

// Client is implemented by transports whose client library may itself log
// through log/slog.
type Client interface {
	// ImportPaths names the import-path prefixes of the client library. Records
	// logged from these packages never enter the route that the transport
	// serves.
	ImportPaths() []string
}
