package encode

import (
	"math"
	"time"
)

// Protobuf writes a record as the message LogEntry of
// transport/grpc/logentry.proto, without framing. The zero Protobuf is ready. It
// is comparable, safe for concurrent use, and does not allocate beyond growing
// dst.
//
// Values keep their types: integers of 64 bits, durations and times in
// nanoseconds, bytes, errors with their causes and frames, groups and lists. A time
// that nanoseconds since 1970 cannot hold (before 1677, after 2262) is a string
// in RFC 3339; one that the record itself has is the nearest that they can.
//
// Strings are what was logged, with nothing escaped, as the format needs no
// escapes; bytes that are not UTF-8 become U+FFFD, since every parser would
// refuse the record for them. Whoever shows them on a terminal has to escape them
// then. The limits of [JSONLines] hold, but that nesting ends at 40 levels:
// protobuf's parsers refuse what is deeper than 100 messages, and a level takes
// two. Bytes that do not fit are the string "!TRUNCATED" with their number.
type Protobuf struct {
	// NoResource leaves the resource out, for streams that send it once.
	NoResource bool

	// MaxBytes bounds what message and attributes take in the output, the
	// message at most half of it. Default 1 MiB.
	MaxBytes int
}

// Interner numbers the strings that come again and again in one stream: keys,
// messages, names of loggers, types of errors, functions and files.
// [Protobuf.AppendInterned] asks it for each, but for those longer than 1 KiB.
type Interner interface {
	// Intern returns the number of s, 0 if s is to be written in full, and
	// whether the receiver has been told the number already. If not, string and
	// number are both written. It must not keep s: see [Record].
	Intern(s string) (ref uint32, known bool)
}

var _ Encoder = Protobuf{}

// ContentType returns "application/x-protobuf".
func (p Protobuf) ContentType() string { return "application/x-protobuf" }

// AppendRecord appends rec as described at [Protobuf]. The error is always nil.
func (p Protobuf) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	return p.AppendInterned(dst, rec, nil), nil
}

// AppendInterned is AppendRecord with the strings that in knows as numbers. A nil
// Interner knows none. The receiver needs the entries of one Interner in their
// order.
func (p Protobuf) AppendInterned(dst []byte, rec *Record, in Interner) []byte {
	w := protoWriter{in: in, limit: limitFor(dst, p.MaxBytes)}
	dst = w.head(dst, rec)
	dst = w.identity(dst, rec)
	names := nestedNames
	dst = w.attrs(dst, entryAttributes, rec.Attrs, &names, 1)
	w.limit = w.tail(dst)
	dst = w.string(dst, entryScope, clip(rec.Scope, maxKeyLen))
	if src := &rec.Source; src.File != "" || src.Function != "" {
		dst = w.frame(dst, entrySource, Frame{Function: src.Function, File: src.File, Line: src.Line})
	}
	dst = w.frames(dst, entryStack, rec.Stack)
	if !p.NoResource && rec.Resource != nil {
		w.limit = w.tail(dst)
		dst = w.resource(dst, rec.Resource)
	}
	return dst
}

// The field numbers of logentry.proto. Where a string has a number, that is the
// next one.
const (
	entryTime       = 1
	entryLevel      = 2
	entryMessage    = 3
	entryID         = 5
	entryTraceID    = 6
	entrySpanID     = 7
	entryAttributes = 8
	entryTraceFlags = 9
	entryScope      = 10
	entrySource     = 12
	entryStack      = 13
	entryObserved   = 14
	entryResource   = 15

	attrKey      = 1
	attrString   = 3
	attrInt      = 4
	attrUint     = 5
	attrDouble   = 6
	attrBool     = 7
	attrBytes    = 8
	attrDuration = 9
	attrTime     = 10
	attrError    = 11
	attrGroup    = 12
	attrList     = 13
	attrJSON     = 14

	groupAttributes = 1
	listValues      = 1

	errorType    = 1
	errorMessage = 3
	errorFrames  = 4
	errorCauses  = 5

	frameFunction = 1
	frameFile     = 3
	frameLine     = 5

	resourceService     = 1
	resourceVersion     = 2
	resourceEnvironment = 3
	resourceInstance    = 4
	resourceHost        = 5
	resourcePID         = 6
	resourceAttributes  = 7
)

// protoDepth is how deep values may nest: see [Protobuf].
const protoDepth = 40

// protoWriter is one AppendInterned call's state.
type protoWriter struct {
	in    Interner // nil: none
	limit int      // length of dst from which on attributes are left out
}

func (w *protoWriter) tail(dst []byte) int { return len(dst) + defaultMaxBytes/16 }

// head appends time, level and message. As always in proto3, a field that has
// its type's zero value is left out.
func (w *protoWriter) head(dst []byte, rec *Record) []byte {
	if !rec.Time.IsZero() {
		dst = appendFixedField(dst, entryTime, uint64(nearestNano(rec.Time)))
	} else if !rec.Observed.IsZero() {
		dst = appendFixedField(dst, entryObserved, uint64(nearestNano(rec.Observed)))
	}
	if level := max(min(rec.Level, math.MaxInt32), math.MinInt32); level != 0 {
		dst = appendSignedField(dst, entryLevel, int64(level))
	}
	limit := w.limit
	w.limit = len(dst) + (limit-len(dst))/2
	dst = w.string(dst, entryMessage, rec.Message)
	w.limit = limit
	return dst
}

// identity appends the record's ID and the trace's.
func (w *protoWriter) identity(dst []byte, rec *Record) []byte {
	if !rec.ID.IsZero() {
		dst = appendBytesField(dst, entryID, rec.ID[:])
	}
	if rec.Trace.TraceID != [16]byte{} {
		dst = appendBytesField(dst, entryTraceID, rec.Trace.TraceID[:])
	}
	if rec.Trace.SpanID != [8]byte{} {
		dst = appendBytesField(dst, entrySpanID, rec.Trace.SpanID[:])
	}
	if rec.Trace.Flags != 0 {
		dst = appendVarintField(dst, entryTraceFlags, uint64(rec.Trace.Flags))
	}
	return dst
}

// string appends a string that may have a number in the stream, unless it is
// empty.
func (w *protoWriter) string(dst []byte, field int, s string) []byte {
	if s == "" {
		return dst
	}
	if w.in == nil || len(s) > maxKeyLen {
		return appendTextField(dst, field, s, w.limit)
	}
	ref, known := w.in.Intern(s)
	if known && 0 < ref && ref < 0x80 && field < 15 {
		return append(dst, byte((field+1)<<3|wireVarint), byte(ref)) // nearly all
	}
	if ref == 0 || !known {
		dst = appendTextField(dst, field, s, max(w.limit, len(dst)+4*maxKeyLen)) // a number stands for all of it
	}
	if ref != 0 {
		dst = appendVarintField(dst, field+1, uint64(ref))
	}
	return dst
}

func (w *protoWriter) resource(dst []byte, r *Resource) []byte {
	dst, at := openLength(appendTag(dst, entryResource, wireBytes))
	for field, s := range [...]string{
		resourceService: r.Service, resourceVersion: r.Version, resourceEnvironment: r.Environment,
		resourceInstance: r.Instance, resourceHost: r.Host,
	} {
		if s != "" {
			dst = appendTextField(dst, field, s, w.limit)
		}
	}
	if r.PID > 0 {
		dst = appendVarintField(dst, resourcePID, uint64(uint32(r.PID)))
	}
	names := nestedNames
	dst = w.attrs(dst, resourceAttributes, r.Attrs, &names, 2)
	return closeLength(dst, at)
}

var earliest, latest = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64) // never changed

// nearestNano returns t in nanoseconds since 1970, or the nearest number there is.
func nearestNano(t time.Time) int64 {
	if sec := t.Unix(); -math.MaxInt64/int64(time.Second) < sec && sec < math.MaxInt64/int64(time.Second) {
		return sec*1e9 + int64(t.Nanosecond()) // without two comparisons of times
	}
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	}
	return t.UnixNano()
}
