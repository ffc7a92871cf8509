package otlp

import (
	"log/slog"
	"math"
	"time"

	"github.com/slogship/slogship/encode"
)

// Names of the attributes that records have besides their own
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/).
const (
	attrUID        = "log.record.uid"
	attrFunction   = "code.function.name"
	attrFile       = "code.file.path"
	attrLine       = "code.line.number"
	attrStack      = "code.stacktrace"
	attrErrType    = "exception.type"
	attrErrMessage = "exception.message"
	attrErrStack   = "exception.stacktrace"
)

// The fields of a LogRecord (opentelemetry/proto/logs/v1/logs.proto).
const (
	fieldTime         = 1
	fieldSeverity     = 2
	fieldSeverityText = 3
	fieldBody         = 5
	fieldAttributes   = 6
	fieldFlags        = 8
	fieldTraceID      = 9
	fieldSpanID       = 10
	fieldObserved     = 11
)

// record appends rec as field 2 of a ScopeLogs.
func (b *builder) record(dst []byte, rec *encode.Record) []byte {
	dst, at := roomRecord.open(dst, 2)
	if n, ok := nanos(rec.Time); ok {
		dst = appendFixed64(dst, fieldTime, n)
	}
	dst = appendNumber(dst, fieldSeverity, uint64(severity(rec.Level)))
	dst = appendText(dst, fieldSeverityText, severityText(rec.Level))
	dst = appendBody(dst, valid(rec.Message))
	dst = b.attributes(dst, rec)
	if t := &rec.Trace; !t.IsZero() {
		dst = appendTrace(dst, t)
	}
	if n, ok := nanos(rec.Observed); ok {
		dst = appendFixed64(dst, fieldObserved, n)
	}
	return roomRecord.close(dst, at)
}

// appendBody appends the message as an AnyValue, also an empty one: no body at
// all would be a record without a message.
func appendBody(dst []byte, message string) []byte {
	size := 1 + sizeOf(uint64(len(message))) + len(message)
	dst = appendLength(append(dst, tag(fieldBody, wireBytes)), size)
	return appendText(dst, 1, message)
}

// appendTrace leaves out an ID of zeros, which is an invalid one for a receiver.
func appendTrace(dst []byte, t *encode.Trace) []byte {
	dst = appendFixed32(dst, fieldFlags, uint32(t.Flags))
	if t.TraceID != [16]byte{} {
		dst = appendText(dst, fieldTraceID, t.TraceID[:])
	}
	if t.SpanID != [8]byte{} {
		dst = appendText(dst, fieldSpanID, t.SpanID[:])
	}
	return dst
}

// nanos is false for a time that nanoseconds since 1970 cannot say: one before, such
// as the zero one, and those from the year 2262 on, at which UnixNano overflows.
func nanos(t time.Time) (uint64, bool) {
	if s := t.Unix(); s < 0 || s > math.MaxInt64/int64(time.Second) {
		return 0, false
	}
	n := t.UnixNano()
	return uint64(n), n >= 0
}

// attributes appends the record's attributes and what OTLP has no field for.
func (b *builder) attributes(dst []byte, rec *encode.Record) []byte {
	b.names.reset()
	if !rec.ID.IsZero() {
		var id [36]byte
		text, _ := rec.ID.AppendText(id[:0]) // never fails
		dst = appendTextPair(dst, fieldAttributes, attrUID, text)
		b.names.take(attrUID)
	}
	if s := &rec.Source; s.File != "" || s.Function != "" {
		dst = b.source(dst, s)
	}
	if len(rec.Stack) > 0 {
		dst = appendTextPair(dst, fieldAttributes, attrStack, valid(string(appendStack(nil, rec.Stack))))
		b.names.take(attrStack)
	}
	if e := firstError(rec.Attrs, 1); e != nil {
		dst = b.exception(dst, e)
	}
	return b.pairs(dst, fieldAttributes, rec.Attrs, &b.names, 1)
}

func (b *builder) source(dst []byte, s *slog.Source) []byte {
	dst = appendTextPair(dst, fieldAttributes, attrFunction, valid(s.Function))
	dst = appendTextPair(dst, fieldAttributes, attrFile, valid(s.File))
	dst = appendIntPair(dst, fieldAttributes, attrLine, int64(s.Line))
	b.names.take(attrFunction)
	b.names.take(attrFile)
	b.names.take(attrLine)
	return dst
}
