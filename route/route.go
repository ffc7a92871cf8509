package route

import (
	"log/slog"
	"slices"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/transport"
)

// Route is one way out for records. Name and To are required; the zero value
// of every other field is its default.
type Route struct {
	// Name identifies the route, its directory and its figures: 1 to 64 of
	// a-z, 0-9 and "-", and no device of Windows ("con", "nul", "com1"). It must be
	// unique, and should stay the same over restarts: what is buffered is found by
	// it. Required.
	Name string

	// To is the destination. It is opened by handler.New, without network I/O.
	// Required.
	To transport.Destination

	// Levels are those the route takes. Default: handler's Options.Levels, all if
	// there are none.
	Levels Levels

	// Match has to take the record as well; it sees plain values. Default: none.
	Match Matcher

	// Final keeps records that the route takes from all later routes. The route
	// takes what its Levels and Match take, whether or not its buffer has room.
	Final bool

	// Fallback has the route take only what no other route has taken. Fallbacks
	// are asked after all others, wherever they stand, in their order.
	Fallback bool

	// Fields is what becomes of fields that must not be seen, before anything of a
	// record is stored. nil: the handler's (Options.Fields). The zero policy, as
	// &crypto.Policy{}, is that all but a crypto.Secret stays as it is: for the audit
	// store of a service that seals for all others. Matchers see plain values.
	Fields *crypto.Policy

	// Durability is what a returned log call survives besides the death of the
	// process. The zero value is Process.
	Durability Durability

	Buffer  Buffer
	Batch   Batch
	Backoff Backoff

	// Sample, Dedupe, Limit and DebugOnError keep the volume down, or bring more
	// when it matters. Their zero values do nothing.
	Sample       Sample
	Dedupe       Dedupe
	Limit        Limit
	DebugOnError DebugOnError

	// SendTimeout is the deadline of one Send. Default 30 s.
	SendTimeout time.Duration

	// MaxInFlight is how many Sends may run at a time, at most what the
	// transport allows. 0: what the transport says. Above 1, order is kept
	// within a batch only.
	MaxInFlight int

	// MaxAge bounds retrying by the time since the record was logged, by the wall
	// clock, because it holds over restarts; 0: no bound.
	MaxAge time.Duration

	// OnStale says what becomes of records older than MaxAge. Default: Drop.
	OnStale Stale

	// DrainRate is the most records per second that are sent after an outage
	// or a start, until the buffer has been empty once. It ramps up from a
	// random share, so that a fleet does not drown a collector that comes
	// back. 0: as fast as the destination takes them.
	DrainRate int

	// DeadLetter names the route that gets records which the destination
	// refused for good. "": the file dead.ndjson in this route's directory
	// (with an in-memory handler: they are counted as refused and reported).
	DeadLetter string

	// Direct sends each record in the log call itself, without a buffer.
	// Only for transports that say they can: console, file, memory. There are no
	// retries, no dead letters and no reports: a record whose Send fails is
	// counted as refused, Log returns the error and OnError hears of it.
	Direct bool
}

// First returns the routes with Final set: a record goes to the first of them
// that takes it.
func First(routes ...Route) []Route {
	out := slices.Clone(routes)
	for i := range out {
		out[i].Final = true
	}
	return out
}

// Buffer limits what a route keeps while its destination is away.
type Buffer struct {
	// MaxBytes caps the route's buffer, on disk or in memory. Default: the
	// handler's MaxDisk, shared with the other routes (64 MiB in memory).
	MaxBytes int64

	// WhenFull is what happens to a record that meets a full buffer. The
	// default is DropOldest, for Power routes Block.
	WhenFull WhenFull

	// BlockTimeout bounds the wait of WhenFull Block. Default 5 s.
	BlockTimeout time.Duration

	// StallTimeout is how long a call waits for a stalled disk. Default 10 ms.
	// Then the record is counted as disk_stalled. Calls wait on, up to a second,
	// while the disk is slower than what is logged but gets on, and for the
	// first record's segment.
	StallTimeout time.Duration

	// Keep is for DropOldest: this level and those above it outlive the others
	// when room is made. Default: none, so that the oldest go, whatever their level.
	Keep slog.Leveler

	// Shed refuses low levels before the buffer is full. It goes by what this
	// route has taken of MaxBytes, so set that: of a MaxDisk that several routes
	// share, one alone may never take so much, and the levels of a route that
	// works are not refused because another's destination is away. Default: none.
	Shed []Shed
}

// Shed is one step of admission by fill level.
type Shed struct {
	UpTo slog.Level // this level and those below it are refused. Default: INFO
	Room float64    // while the free share of the buffer (0 to 1) is below it. Required
}

// Batch limits what one Send holds. 0 takes what the transport says.
type Batch struct {
	MaxRecords int           // at most; 0: the transport's
	MaxBytes   int           // buffered bytes, at most; 0: the transport's
	Linger     time.Duration // how long an idle route waits for more records; 0: the transport's
}

// Backoff is the wait after a failed Send: exponential with full jitter.
type Backoff struct {
	InitialInterval time.Duration // the longest first wait; default 100 ms
	MaxInterval     time.Duration // the longest wait of all; default 30 s
	Multiplier      float64       // of the longest wait, from one to the next; default 2
}

// WhenFull is what happens to a record that meets a full buffer.
//
// A volume that has no room left for a buffer that is below its MaxBytes is no
// full buffer but a fault of the disk: whatever the policy, newcomers are refused
// and counted as disk_stalled, and what was taken stays. Another program may be
// what fills the volume, and would at once have the room that records were given
// up for.
type WhenFull uint8

// The policies. Each loss is counted as queue_overflow and reported.
const (
	ByDurability WhenFull = 0 // DropOldest for Process and Interval, Block for Power
	DropOldest   WhenFull = 1
	DropNewest   WhenFull = 2
	Block        WhenFull = 3 // wait for room, at most BlockTimeout
)

// Stale is what becomes of a record older than MaxAge.
type Stale uint8

// The ways with stale records.
const (
	Drop       Stale = 0 // counted as too_old and reported
	DeadLetter Stale = 1
	Restamp    Stale = 2 // sent with the present time, the old one as an attribute
)
