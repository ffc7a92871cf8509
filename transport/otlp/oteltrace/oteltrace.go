// Package oteltrace takes the trace of a log call from its ctx, as OpenTelemetry
// keeps it there. It imports go.opentelemetry.io/otel/trace and nothing else of
// OpenTelemetry: records that carry a trace can go to any destination.
//
//	h, err := handler.New(&handler.Options{Trace: oteltrace.FromContext}, …)
package oteltrace

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/slogship/slogship/encode"
)

// FromContext returns the span that ctx belongs to, or the zero Trace. It is for
// handler.Options.Trace. The span need not be recorded, nor sampled: a remote one
// that came with a request counts as well. It does not allocate.
func FromContext(ctx context.Context) encode.Trace {
	c := trace.SpanContextFromContext(ctx)
	if !c.HasTraceID() {
		return encode.Trace{} // a span without a trace leads nowhere
	}
	return encode.Trace{TraceID: c.TraceID(), SpanID: c.SpanID(), Flags: byte(c.TraceFlags())}
}
