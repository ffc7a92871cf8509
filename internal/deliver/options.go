package deliver

import (
	"context"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Stale says what happens to records older than Options.MaxAge.
type Stale uint8

// What OnStale may be.
const (
	Drop       Stale = 0 // counted as too_old and reported as a loss
	DeadLetter Stale = 1 // stored as a dead letter; without Options.Dead as Drop
	Restamp    Stale = 2 // sent with the present time, the logged one as attribute "original_time"
)

// Options says what a worker works with. Route, Buffer and Transport are
// required; the zero value of every other field is its default.
type Options struct {
	Route     string              // name, for errors and the feedback mark
	Buffer    Source              // the worker is its only consumer
	Transport transport.Transport // the worker closes it

	// Limits of one Send. 0 takes the transport's Description, then the
	// contract's default (1,000 records, 1 MiB, no linger, 1 in flight). What
	// the Description states is a bound: a larger value here is cut to it. A
	// transport that implements transport.Holder gets one Send at a time,
	// because "the newest records sent" has no meaning with several. A negative
	// Linger is none, whatever the Description says.
	MaxRecords  int
	MaxBytes    int
	Linger      time.Duration
	MaxInFlight int

	// Backoff after a failed Send: full jitter, that is a random wait below
	// InitialInterval × Multiplier^(failures-1), at most MaxInterval. Defaults
	// 100 ms, 30 s and 2. A success starts it anew.
	InitialInterval time.Duration
	MaxInterval     time.Duration
	Multiplier      float64

	// SendTimeout is the deadline of one Send, Probe or Dead. Default 30 s.
	SendTimeout time.Duration

	// MaxAge bounds retrying by the time since the append; 0: no bound. It is
	// measured by the wall clock, because it has to hold over restarts.
	MaxAge  time.Duration
	OnStale Stale

	// DrainRate is the most records per second from the start or from the end
	// of an outage until the buffer has been empty once; 0: unlimited. It starts
	// at a random share of the rate and ramps up within ten seconds, so that a
	// fleet does not drown a collector that comes back. A rate below what the
	// service logs is never done.
	DrainRate int

	// Resource is that of records which the worker makes itself (loss reports,
	// dead letters of undecodable payloads). Nil: that of the last record read.
	Resource *encode.Resource

	// Dead stores one dead letter durably and returns nil once it is stored.
	// After an error it is called again, with backoff, until it succeeds; the
	// record stays in the buffer meanwhile. It may be called by several
	// goroutines at a time if MaxInFlight is above 1, and keeps nothing of d.
	// Nil: refused records are counted as refused and reported as a loss.
	Dead func(ctx context.Context, d *Dead) error

	// Warn is told what the transport says over transport.Warn, while a Send or
	// Probe is under way, by its goroutine. It must not wait for the worker. Nil:
	// ignored.
	Warn func(message string, attrs []slog.Attr)

	// OnError is told what the worker met and got over: each failed Send, each
	// record refused, the breaker's opening. It is called by the worker's
	// goroutine, and by Replace's caller, maybe at the same time, for a transport
	// that is closed unused. It must not block; the caller limits its rate; a
	// panic in it is swallowed. Nil: ignored.
	OnError func(error)
}

// Dead is one record that will not be delivered.
type Dead struct {
	Record   *encode.Record // valid until the call returns
	Reason   string         // "refused", "too_old" or "undecodable"
	Answer   error          // what the destination or the decoder said; nil for too_old
	Attempts int            // Sends that the record was part of
	First    time.Time      // when the first of them began; zero if there was none
}

// withDefaults returns o with every default filled in, for a transport that
// describes itself as d. It is the only place that knows them.
func (o Options) withDefaults(d transport.Description) Options {
	setDefault(&o.InitialInterval, 100*time.Millisecond)
	setDefault(&o.MaxInterval, 30*time.Second)
	setDefault(&o.SendTimeout, 30*time.Second)
	if o.Multiplier < 1 {
		o.Multiplier = 2
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	o.limit(d)
	return o
}

// limit settles the limits of one Send against what the transport says.
func (o *Options) limit(d transport.Description) {
	o.MaxRecords = bounded(o.MaxRecords, d.MaxRecords, 1000)
	o.MaxBytes = bounded(o.MaxBytes, d.MaxBytes, 1<<20)
	o.MaxInFlight = bounded(o.MaxInFlight, max(d.MaxInFlight, 1), 1)
	if _, holds := o.Transport.(transport.Holder); holds {
		o.MaxInFlight = 1
	}
	if o.Linger == 0 {
		o.Linger = d.Linger
	}
	o.Linger = max(o.Linger, 0)
}

// bounded returns what was asked for, at most what is allowed, or fallback if
// neither was said.
func bounded(asked, allowed, fallback int) int {
	switch {
	case asked <= 0 && allowed <= 0:
		return fallback
	case asked <= 0:
		return allowed
	case allowed <= 0:
		return asked
	default:
		return min(asked, allowed)
	}
}

func setDefault(v *time.Duration, d time.Duration) {
	if *v <= 0 {
		*v = d
	}
}
