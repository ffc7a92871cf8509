package otlp

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"
)

// NewProcessor returns a Processor for a LoggerProvider of OpenTelemetry's SDK
// that hands each record to h, a *handler.Handler: what logs through
// OpenTelemetry then gets a buffer that outlives the process, and retries without
// an end, where BatchProcessor has a queue of 2,048 records that drops.
//
//	provider := log.NewLoggerProvider(log.WithProcessor(otlp.NewProcessor(h)))
//
// OnEmit returns when h has the record, and never waits for a destination. The
// record's body, if it is text, is the message, else the attribute "body"; its
// attributes are attributes, maps groups. The trace of the record is in the ctx
// that h gets, for handler.Options.Trace (package oteltrace). An event's name is
// the attribute event.name, and the scope otel.scope.name. The resource is h's:
// OpenTelemetry's own of the same process says the same, see [DetectResource].
// The observed time is the moment at which h takes the record.
//
// ForceFlush waits until all is delivered, if h has the Flush of a
// *handler.Handler, and so does Shutdown, until its ctx is done. Neither closes
// h: its owner does, after the provider's Shutdown.
//
// h must not be a handler that logs to this provider, or a record would go round
// for ever.
func NewProcessor(h slog.Handler) sdklog.Processor { return &processor{h} }

// processor is safe for concurrent use, as h is.
type processor struct{ to slog.Handler }

// flusher is what a *handler.Handler can.
type flusher interface {
	Flush(ctx context.Context) error
}

// Enabled asks h. A record without a severity counts as INFO.
func (p *processor) Enabled(ctx context.Context, param sdklog.EnabledParameters) bool {
	return p.to.Enabled(ctx, levelOf(int(param.Severity)))
}

// OnEmit hands the record on, unless h takes none of its level: the SDK does not
// ask Enabled before.
func (p *processor) OnEmit(ctx context.Context, r *sdklog.Record) error {
	ctx = withTrace(ctx, r)
	level := levelOf(int(r.Severity()))
	if !p.to.Enabled(ctx, level) {
		return nil
	}
	at := r.Timestamp()
	if at.IsZero() {
		at = r.ObservedTimestamp()
	}
	body, message := r.Body(), ""
	if body.Type() == attribute.STRING {
		message = body.AsString()
	}
	rec := slog.NewRecord(at, level, message, 0)
	if body.Type() != attribute.STRING && body.Type() != attribute.EMPTY {
		rec.AddAttrs(slog.Attr{Key: "body", Value: slogValue(body)})
	}
	if name := r.EventName(); name != "" {
		rec.AddAttrs(slog.String("event.name", name))
	}
	if scope := r.InstrumentationScope().Name; scope != "" {
		rec.AddAttrs(slog.String("otel.scope.name", scope))
	}
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		rec.AddAttrs(slog.Attr{Key: string(kv.Key), Value: slogValue(kv.Value)})
		return true
	})
	return p.to.Handle(ctx, rec)
}

// withTrace is ctx with the record's own trace, which a bridge may have set
// itself.
func withTrace(ctx context.Context, r *sdklog.Record) context.Context {
	if !r.TraceID().IsValid() {
		return ctx
	}
	own := trace.NewSpanContext(trace.SpanContextConfig{TraceID: r.TraceID(), SpanID: r.SpanID(), TraceFlags: r.TraceFlags()})
	if in := trace.SpanContextFromContext(ctx); in.TraceID() == own.TraceID() && in.SpanID() == own.SpanID() {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, own)
}

// slogValue is v with its kind: what has elements becomes a list or a group.
func slogValue(v attribute.Value) slog.Value {
	switch v.Type() {
	case attribute.EMPTY:
		return slog.AnyValue(nil)
	case attribute.BOOL:
		return slog.BoolValue(v.AsBool())
	case attribute.INT64:
		return slog.Int64Value(v.AsInt64())
	case attribute.FLOAT64:
		return slog.Float64Value(v.AsFloat64())
	case attribute.STRING:
		return slog.StringValue(v.AsString())
	case attribute.MAP:
		pairs := v.AsMap()
		attrs := make([]slog.Attr, len(pairs))
		for i, kv := range pairs {
			attrs[i] = slog.Attr{Key: string(kv.Key), Value: slogValue(kv.Value)}
		}
		return slog.GroupValue(attrs...)
	case attribute.SLICE:
		elements := v.AsSlice()
		list := make([]any, len(elements))
		for i, e := range elements {
			list[i] = plain(slogValue(e))
		}
		return slog.AnyValue(list)
	default: // bytes, and lists of one kind
		return slog.AnyValue(v.AsInterface())
	}
}

// plain is v as a Go value: a group in a list is a map, since slog's lists are Go's
// slices, which h takes apart by reflection, and an slog.Value in one would be
// shown as the struct that it is.
func plain(v slog.Value) any {
	if v.Kind() != slog.KindGroup {
		return v.Any()
	}
	m := make(map[string]any, len(v.Group()))
	for _, a := range v.Group() {
		m[a.Key] = plain(a.Value)
	}
	return m
}

// ForceFlush waits until h has delivered everything.
func (p *processor) ForceFlush(ctx context.Context) error {
	if f, ok := p.to.(flusher); ok {
		return f.Flush(ctx)
	}
	return nil
}

// Shutdown is ForceFlush: h is its owner's to close.
func (p *processor) Shutdown(ctx context.Context) error { return p.ForceFlush(ctx) }
