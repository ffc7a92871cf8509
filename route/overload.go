package route

import (
	"log/slog"
	"math"
	"time"
)

// Sample takes a part of the records. The zero Sample takes all. Either Share,
// or First and Every: both is an error.
type Sample struct {
	// Share is the part of the records that is taken, above 0 and up to 1; 0:
	// this is not how to sample. Each record is decided on for itself, at random.
	Share float64

	// ByTrace takes or leaves all records of a trace together, with the part
	// Share of all traces; records without a trace are decided on for themselves.
	// handler.Options.Trace says what trace a record belongs to.
	//
	// The decision is a function of the trace id and Share alone, the same for all
	// routes and all services: let R be the last 7 bytes of the trace id as a
	// number, most significant byte first, and T = 2^56 - Share * 2^56, the product
	// rounded to a whole number (halves away from zero). The trace is taken if
	// R >= T. So a larger Share takes every trace that a smaller one does. This is
	// what OpenTelemetry's consistent probability sampling does with the random
	// part of a trace id (W3C Trace Context Level 2, "Randomness of trace-id";
	// OpenTelemetry specification, "TraceState: Probability Sampling"), for trace
	// ids whose last 7 bytes are random, without looking at tracestate.
	ByTrace bool

	// First is how many records of a level with the same message are taken in
	// each Interval; of those that follow every Every-th is taken, none if Every
	// is 0. With Every set, First is at least 1. Messages are told apart by a hash
	// into 4,096 counters (64 KiB a route); those that meet in one are counted
	// together. Default 0.
	First, Every int

	// Interval is the time after which First begins anew, for all messages at
	// once. Default 1 s, at least 1 ms.
	Interval time.Duration

	// Keep is the level from which all records are taken. Default ERROR.
	Keep slog.Leveler
}

// Limit is the most records that a route, or each value of one attribute, takes
// a second: a token bucket. The zero Limit is none. It knows no levels; a route
// of its own for ERROR keeps those out of it.
type Limit struct {
	// PerSecond is how many records are taken in the long run, from 1/3600 to
	// 1,000,000, rounded so that the time for one is whole nanoseconds; 0: no
	// limit.
	PerSecond float64

	// Burst is how many may be taken at once after a rest, at most 1,000,000, and
	// no more than PerSecond gives in 11 days. Default: PerSecond, rounded up.
	Burst int

	// Key is the path of an attribute ("tenant", "http.client"); each of its
	// values has a bucket of its own, and so have the records without it. "": one
	// bucket for the route.
	Key string

	// MaxKeys is how many buckets there are with a Key, 16 bytes each, rounded up
	// to whole groups of 8. Default 1024, at most 1,048,576. A key that comes anew
	// takes the place of the one in its group whose bucket is fullest, and takes
	// over what is in it, so that no number of keys raises what the route takes
	// above MaxKeys times PerSecond.
	MaxKeys int
}

// Dedupe takes the first of a number of like records, and at the end of Window
// one that says how many followed. The zero Dedupe takes all.
//
// Records are alike if level, scope, message, and the attributes of the logger
// (With, WithGroup) and of the record are the same, in the same order; times,
// durations and request ids among them make a difference. What comes from ctx
// (handler.With, Options.Context, the trace), the time, the source and the stack
// are not compared. Records whose message and attributes take more than 8 KiB,
// encoded, are like no other. The comparison is by a hash of 64 bits with a key
// of the process.
//
// The record at the end has the level, scope, message and attributes that were
// compared, the time of the last repeat, and at the top level the attributes
// repeated, the number of records that it stands for, and repeated_since, when
// the first of them was logged. There is none if nothing was repeated. It comes
// also at Close and before an early end for MaxKeys. A process that dies has
// counted, and not told.
type Dedupe struct {
	// Window is the time from the first record, which repeats do not lengthen,
	// from 1 ms to 1 h; 0: no de-duplication.
	Window time.Duration

	// MaxKeys is how many different records are remembered at a time; one more
	// ends the oldest window early. Default 1024, at most 65,536. Each takes about
	// 100 bytes, and up to 8 KiB once it was repeated.
	MaxKeys int
}

// DebugOnError keeps records that are below the route's Levels in memory, for
// each request, and ships them if that request logs an error. The zero
// DebugOnError keeps none.
//
// A request is what handler.WithRequest has begun, or else a trace (see
// handler.Options.Trace). Records of neither are not kept. Match applies to what
// is kept as well; Sample, Dedupe and Limit don't. Records are shipped before
// the one that triggered it, in the order in which they came, with the ids and
// times that they had; what other goroutines of the same request log at that
// moment may come in between. The MaxRecords records below Levels that follow a
// trigger are shipped as they come, so that what happens after an error is seen
// too; then keeping begins anew.
//
// The call that triggers stores what was kept: on a route with durability Power
// it waits for a sync for each record, so keep MaxRecords small there.
//
// What is kept is not in the sum of the route's Stats before it is shipped. It
// is in memory alone and gone with the process, at Close, or when its request
// ends.
type DebugOnError struct {
	// From is the level from which records are kept: AtLeast(WARN) with From DEBUG
	// keeps DEBUG to NOTICE. Default: none, and DebugOnError is off. Handler.Enabled is
	// true from here up, since a record must be made to be kept: at 0.3 µs a
	// record, about what the route's own cost.
	From slog.Leveler

	// Trigger is the level from which a record ships what its request has. The
	// record need not be in Levels, but it has to pass Match. Default ERROR.
	Trigger slog.Leveler

	// MaxRecords and MaxBytes are what is kept for a request, in records and in
	// bytes, encoded (at least 1 KiB); the oldest go. Defaults 256 and 64 KiB; at
	// most 65,536 and 16 MiB.
	MaxRecords int
	MaxBytes   int

	// MaxRequests is for how many requests records are kept at a time; for one
	// more, those of the one that was quiet for longest go. Default 512, at most
	// 65,536; so by default a route keeps 32 MiB at most. What goes for room,
	// whatever the bound, is counted as DebugEvicted.
	MaxRequests int
}

// checkOverload validates the policies.
func (r *Route) checkOverload(check func(ok bool, field string, value any, allowed string)) {
	s, l, d, e := &r.Sample, &r.Limit, &r.Dedupe, &r.DebugOnError
	counts := s.First != 0 || s.Every != 0
	check(s.Share >= 0 && s.Share <= 1, "Sample.Share", s.Share, "a share from 0 to 1")
	check(s.Share == 0 || !counts, "Sample.Share", s.Share, "none with First or Every")
	check(!s.ByTrace || s.Share > 0, "Sample.ByTrace", s.ByTrace, "a Share with it")
	check(s.First >= 0 && s.First <= maxFirst, "Sample.First", s.First, "0 to 1000000")
	check(s.Every >= 0 && s.Every <= maxFirst, "Sample.Every", s.Every, "0 to 1000000")
	check(s.Interval == 0 || s.Interval >= time.Millisecond && counts, "Sample.Interval", s.Interval, "at least 1ms, and First or Every with it")
	check(answers(s.Keep), "Sample.Keep", s.Keep, "nil or a bound that has a level")

	check(l.PerSecond == 0 || l.PerSecond >= minRate && l.PerSecond <= maxRate, "Limit.PerSecond", l.PerSecond, "0 or from 1/3600 to 1000000 records/s")
	check(l.Burst >= 0 && l.Burst <= maxFirst && float64(l.Burst) <= max(l.PerSecond, 0)*maxBurstTime, "Limit.Burst", l.Burst, "0 to 1000000, with PerSecond, and at most what that gives in 1000000s")
	check(l.Key == "" || l.PerSecond != 0, "Limit.Key", l.Key, "none without PerSecond")
	check(l.MaxKeys == 0 || l.Key != "" && l.MaxKeys > 0 && l.MaxKeys <= 1<<20, "Limit.MaxKeys", l.MaxKeys, "0, or with Key 1 to 1048576")

	check(d.Window == 0 || d.Window >= time.Millisecond && d.Window <= time.Hour, "Dedupe.Window", d.Window, "0 or 1ms to 1h")
	check(d.MaxKeys == 0 || d.Window != 0 && d.MaxKeys > 0 && d.MaxKeys <= 1<<16, "Dedupe.MaxKeys", d.MaxKeys, "0, or with Window 1 to 65536")

	on := e.From != nil
	check(answers(e.From), "DebugOnError.From", e.From, "nil or a bound that has a level")
	check(e.Trigger == nil || on && answers(e.Trigger), "DebugOnError.Trigger", e.Trigger, "nil or, with From, a bound that has a level")
	check(e.MaxRecords == 0 || on && e.MaxRecords > 0 && e.MaxRecords <= 1<<16, "DebugOnError.MaxRecords", e.MaxRecords, "0, or with From 1 to 65536")
	check(e.MaxBytes == 0 || on && e.MaxBytes >= 1<<10 && e.MaxBytes <= 16<<20, "DebugOnError.MaxBytes", e.MaxBytes, "0, or with From 1024 to 16777216 bytes")
	check(e.MaxRequests == 0 || on && e.MaxRequests > 0 && e.MaxRequests <= 1<<16, "DebugOnError.MaxRequests", e.MaxRequests, "0, or with From 1 to 65536")
}

const (
	maxFirst     = 1_000_000
	minRate      = 1.0 / 3600
	maxRate      = 1e6
	maxBurstTime = 1e6 // seconds
)

// WithDefaults returns s with its defaults in place.
func (s Sample) WithDefaults() Sample {
	if s.Every > 0 {
		s.First = max(s.First, 1)
	}
	setDefault(&s.Interval, time.Second)
	if s.Keep == nil {
		s.Keep = slog.LevelError
	}
	return s
}

// Samples reports whether s is more than the zero Sample: a Keep alone takes all.
func (s Sample) Samples() bool { return s.Share > 0 && s.Share < 1 || s.First > 0 || s.Every > 0 }

// WithDefaults returns l with its defaults in place.
func (l Limit) WithDefaults() Limit {
	setDefault(&l.Burst, max(1, int(math.Ceil(l.PerSecond))))
	setDefault(&l.MaxKeys, 1024)
	return l
}

// WithDefaults returns d with its defaults in place.
func (d Dedupe) WithDefaults() Dedupe {
	setDefault(&d.MaxKeys, 1024)
	return d
}

// WithDefaults returns d with its defaults in place, but for From: nil is off.
func (d DebugOnError) WithDefaults() DebugOnError {
	if d.Trigger == nil {
		d.Trigger = slog.LevelError
	}
	setDefault(&d.MaxRecords, 256)
	setDefault(&d.MaxBytes, 64<<10)
	setDefault(&d.MaxRequests, 512)
	return d
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}
