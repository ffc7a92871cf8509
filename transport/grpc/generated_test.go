package grpc

import (
	"log/slog"
	"math"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

// entryOf is a record as the generated type, by hand and without the encoder.
func entryOf(rec *encode.Record) *logpb.LogEntry {
	e := &logpb.LogEntry{
		Level: int32(rec.Level), Message: rec.Message, Scope: rec.Scope, Attributes: attrsOf(rec.Attrs), Stack: framesOf(rec.Stack),
		Resource: &logpb.Resource{
			Service: rec.Resource.Service, Version: rec.Resource.Version, Environment: rec.Resource.Environment, Instance: rec.Resource.Instance,
			Host: rec.Resource.Host, Pid: uint32(rec.Resource.PID), Attributes: attrsOf(rec.Resource.Attrs),
		},
		TraceFlags: uint32(rec.Trace.Flags),
	}
	if !rec.Time.IsZero() {
		e.TimeUnixNano = rec.Time.UnixNano()
	}
	if !rec.ID.IsZero() {
		e.Id = rec.ID[:]
	}
	if rec.Trace.TraceID != [16]byte{} {
		e.TraceId = rec.Trace.TraceID[:]
	}
	if rec.Trace.SpanID != [8]byte{} {
		e.SpanId = rec.Trace.SpanID[:]
	}
	if src := rec.Source; src != (slog.Source{}) {
		e.Source = &logpb.Frame{Function: src.Function, File: src.File, Line: uint32(src.Line)}
	}
	return e
}

func attrsOf(attrs []slog.Attr) (out []*logpb.Attribute) {
	for _, a := range attrs {
		v := attributeOf(a.Value)
		v.Key = a.Key
		out = append(out, v)
	}
	return out
}

func attributeOf(v slog.Value) *logpb.Attribute {
	switch v.Kind() {
	case slog.KindString:
		return &logpb.Attribute{Value: &logpb.Attribute_StringValue{StringValue: v.String()}}
	case slog.KindInt64:
		return &logpb.Attribute{Value: &logpb.Attribute_IntValue{IntValue: v.Int64()}}
	case slog.KindUint64:
		return &logpb.Attribute{Value: &logpb.Attribute_UintValue{UintValue: v.Uint64()}}
	case slog.KindFloat64:
		return &logpb.Attribute{Value: &logpb.Attribute_DoubleValue{DoubleValue: math.Float64frombits(math.Float64bits(v.Float64()))}}
	case slog.KindBool:
		return &logpb.Attribute{Value: &logpb.Attribute_BoolValue{BoolValue: v.Bool()}}
	case slog.KindDuration:
		return &logpb.Attribute{Value: &logpb.Attribute_DurationNano{DurationNano: int64(v.Duration() / time.Nanosecond)}}
	case slog.KindTime:
		return &logpb.Attribute{Value: &logpb.Attribute_TimeUnixNano{TimeUnixNano: v.Time().UnixNano()}}
	case slog.KindGroup:
		return &logpb.Attribute{Value: &logpb.Attribute_GroupValue{GroupValue: &logpb.Group{Attributes: attrsOf(v.Group())}}}
	}
	switch x := v.Any().(type) {
	case []byte:
		return &logpb.Attribute{Value: &logpb.Attribute_BytesValue{BytesValue: x}}
	case encode.JSON:
		return &logpb.Attribute{Value: &logpb.Attribute_JsonValue{JsonValue: string(x)}}
	case *encode.Error:
		return &logpb.Attribute{Value: &logpb.Attribute_ErrorValue{ErrorValue: errorOf(x)}}
	case []slog.Value:
		list := &logpb.List{}
		for _, element := range x {
			list.Values = append(list.Values, attributeOf(element))
		}
		return &logpb.Attribute{Value: &logpb.Attribute_ListValue{ListValue: list}}
	}
	return &logpb.Attribute{}
}

func errorOf(e *encode.Error) *logpb.Error {
	out := &logpb.Error{Type: e.Type, Message: e.Message, Frames: framesOf(e.Frames)}
	for _, cause := range e.Causes {
		out.Causes = append(out.Causes, errorOf(cause))
	}
	return out
}

func framesOf(frames []encode.Frame) (out []*logpb.Frame) {
	for _, f := range frames {
		out = append(out, &logpb.Frame{Function: f.Function, File: f.File, Line: uint32(f.Line)})
	}
	return out
}
