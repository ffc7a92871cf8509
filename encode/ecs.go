package encode

import (
	"log/slog"
	"time"
)

// ECSVersion is the version of the Elastic Common Schema that [ECS] writes.
const ECSVersion = "8.17.0"

// ECS writes a record as one document of the Elastic Common Schema
// (https://www.elastic.co/docs/reference/ecs), as one JSON object on one line:
// fit for Elasticsearch's and OpenSearch's _bulk, and for a file that Filebeat
// reads with its ndjson parser. The zero ECS is ready. It is comparable, safe
// for concurrent use, and does not allocate beyond growing dst.
//
//	{"@timestamp":"2026-11-23T09:49:44.123Z","log.level":"info","message":"order paid","order":42,
//	 "event.id":"019ab0f2-…","service.name":"shop","host.hostname":"a1","process.pid":7,"ecs.version":"8.17.0"}
//
// The first three are first, and all own fields have dots in their names instead
// of objects around them, as Elastic's loggers do it (ECS logging
// specification): Elasticsearch takes the two for the same.
//
//   - Message, level (lower case), Scope, Source, Trace, ID and Resource have the
//     names of ECS: log.logger, log.origin.*, trace.id, event.id, service.* and
//     so on. The Stack is log.origin.stack_trace, which is not in ECS but is
//     what Elastic's own loggers call it.
//   - @timestamp is when the record was logged. ECS demands one, so a record
//     without a time gets that at which slogship took it. Where the two differ
//     by a millisecond or more, event.created says when it was taken.
//   - The first error among the attributes, also inside groups, becomes
//     error.message, error.type and error.stack_trace. It is not written under its
//     own name. Further errors are objects as [JSONLines] writes them.
//
// # Attributes
//
// Attributes stand beside these fields under their own names, as in Elastic's
// loggers for zap, zerolog and logrus, with their types; groups are objects. But
// a string called "host" or "user", which are objects in ECS, would make
// Elasticsearch refuse the whole document. So the first part of every name
// in ECS, and of those that Beats and Elasticsearch use themselves, is reserved:
// such an attribute gets a number, as in [JSONLines]: "host#2". And a dot in a
// key becomes "_": a name with dots is a path to Elasticsearch, so "a" and
// "a.b" would contradict each other, and "log.level" be the record's own. An empty
// or blank name, which it refuses, is "_".
//
// What no encoder can prevent is that two programs give the same name values
// of different types; what comes second is refused then. Labels does prevent it.
//
// The rules and limits of [JSONLines] hold, but that nesting ends at 20 levels,
// Elasticsearch's own limit, and that NaN and the infinities are null: it would
// refuse the document for them. A value of type [JSON] keeps its names but for
// the dots.
type ECS struct {
	// Labels writes attributes as strings under "labels", with "_" between the
	// names of groups and their members. They all become keywords, so that no
	// two records can contradict each other; numbers cannot be added or compared
	// any more. Values other than strings look as in [Logfmt].
	Labels bool

	// Nanos writes times with nine digits of the second. Default: three, which
	// is what Elasticsearch's type date keeps, and all versions of Beats read.
	Nanos bool

	Duration DurationFormat // default DurationNanos, the unit of ECS's event.duration; with Labels DurationText
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds what message and attributes take in the output, the
	// message at most half of it. Default 1 MiB.
	MaxBytes int
}

var _ Encoder = ECS{}

// ContentType returns "application/json": see [JSONLines.ContentType].
func (e ECS) ContentType() string { return "application/json" }

// AppendRecord appends rec as described at [ECS]. The error is always nil.
func (e ECS) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	start := len(dst)
	w := ecsWriter{jsonWriter: jsonWriter{
		time:     TimeRFC3339Milli,
		duration: e.Duration.or(DurationNanos),
		bytes:    e.Bytes,
		limit:    limitFor(dst, e.MaxBytes),
		deepest:  elasticDepth,
		elastic:  true,
		lifted:   firstError(rec.Attrs, 1),
	}, labelDuration: e.Duration.or(DurationText)}
	if e.Nanos {
		w.time = TimeRFC3339Nano
	}
	dst = w.head(dst, rec)
	labels := rec.Attrs
	if !e.Labels {
		taken := ecsTaken
		dst = w.attrs(dst, rec.Attrs, &taken, ecsNames, 1)
		labels = nil
	}
	dst = w.errorFields(dst)
	dst = w.originFields(dst, rec)
	dst = w.identity(dst, rec)
	dst = w.resourceFields(dst, rec.Resource)
	dst = w.labels(dst, labels, rec.Resource)
	dst = append(dst, `,"ecs.version":"`+ECSVersion+`"`...)
	return closeObject(dst, start), nil
}

// ecsWriter is one AppendRecord call's state.
type ecsWriter struct {
	jsonWriter
	labelDuration DurationFormat
}

// head appends time, level and message, which the specification wants first and
// in this order, so that a person who looks at raw lines can read them.
func (w *ecsWriter) head(dst []byte, rec *Record) []byte {
	at := rec.Time
	if at.IsZero() {
		at = rec.Observed
	}
	dst = w.timeValue(append(dst, `,"@timestamp":`...), at)
	dst = append(dst, `,"log.level":"`...)
	dst = append(dst, lowerLevelName(rec.Level)...)
	dst = append(dst, `","message":`...)
	return appendQuoted(dst, rec.Message, len(dst)+(w.limit-len(dst))/2)
}

// errorFields appends the error that was lifted from the attributes.
func (w *ecsWriter) errorFields(dst []byte) []byte {
	e := w.lifted
	if e == nil {
		return dst
	}
	dst = w.text(dst, `,"error.message":`, e.Message)
	dst = w.text(dst, `,"error.type":`, clip(e.Type, maxKeyLen))
	if len(e.Frames) > 0 {
		dst = append(dst, `,"error.stack_trace":`...)
		dst = w.stack(dst, e.Frames, w.tail(dst))
	}
	return dst
}

func (w *ecsWriter) originFields(dst []byte, rec *Record) []byte {
	dst = w.text(dst, `,"log.logger":`, clip(rec.Scope, maxKeyLen))
	dst = w.text(dst, `,"log.origin.file.name":`, rec.Source.File)
	if rec.Source.Line > 0 {
		dst = append(dst, `,"log.origin.file.line":`...)
		dst = appendInt(dst, int64(rec.Source.Line))
	}
	dst = w.text(dst, `,"log.origin.function":`, rec.Source.Function)
	if len(rec.Stack) > 0 {
		dst = append(dst, `,"log.origin.stack_trace":`...)
		dst = w.stack(dst, rec.Stack, w.tail(dst))
	}
	return dst
}

// identity appends the trace's ids, the record's own and when it was taken.
func (w *ecsWriter) identity(dst []byte, rec *Record) []byte {
	if rec.Trace.TraceID != [16]byte{} {
		dst = append(dst, `,"trace.id":"`...)
		dst = append(appendHex(dst, rec.Trace.TraceID[:]), '"')
	}
	if rec.Trace.SpanID != [8]byte{} {
		dst = append(dst, `,"span.id":"`...)
		dst = append(appendHex(dst, rec.Trace.SpanID[:]), '"')
	}
	if !rec.ID.IsZero() {
		dst = append(dst, `,"event.id":"`...)
		dst = append(appendID(dst, rec.ID), '"')
	}
	if takenLater(rec) {
		dst = w.timeValue(append(dst, `,"event.created":`...), rec.Observed)
	}
	return dst
}

// takenLater reports whether the two times of rec differ for a field of the
// type date, which keeps milliseconds. ECS says of equal ones that @timestamp
// is to be used alone.
func takenLater(rec *Record) bool {
	if rec.Time.IsZero() || rec.Observed.IsZero() {
		return false
	}
	d := rec.Observed.Sub(rec.Time)
	return d >= time.Millisecond || d <= -time.Millisecond
}

func (w *ecsWriter) resourceFields(dst []byte, r *Resource) []byte {
	if r == nil {
		return dst
	}
	dst = w.text(dst, `,"service.name":`, r.Service)
	dst = w.text(dst, `,"service.version":`, r.Version)
	dst = w.text(dst, `,"service.environment":`, r.Environment)
	dst = w.text(dst, `,"service.node.name":`, r.Instance)
	dst = w.text(dst, `,"host.hostname":`, r.Host)
	if r.PID != 0 {
		dst = append(dst, `,"process.pid":`...)
		dst = appendInt(dst, int64(r.PID))
	}
	return dst
}

// labels appends attrs and the resource's further attributes. Those are often
// named like fields of ECS (cloud.region), but nobody has checked that their
// types are right, and labels hold any string.
func (w *ecsWriter) labels(dst []byte, attrs []slog.Attr, r *Resource) []byte {
	if len(attrs) == 0 && (r == nil || len(r.Attrs) == 0) {
		return dst
	}
	dst = append(dst, `,"labels":`...)
	start := len(dst)
	f := flatJSON{
		flat:    flatWriter{time: w.time, duration: w.labelDuration, bytes: w.bytes, limit: w.limit},
		mark:    "#",
		strings: true,
		own:     labelNames,
		seen:    labelTaken,
		start:   start,
		lifted:  w.lifted,
	}
	dst = f.record(dst, nil, attrs)
	if r != nil {
		f.flat.limit = w.tail(dst)
		dst = f.record(dst, nil, r.Attrs)
	}
	return closeObject(dst, start)
}

// lowerLevelName returns the level's name as Elastic's loggers write it.
func lowerLevelName(l slog.Level) string {
	return [LevelCount]string{"trace", "debug", "info", "notice", "warn", "error", "fatal"}[LevelIndex(l)]
}
