package otlp_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/otlp/oteltrace"
)

// behind runs an SDK's LoggerProvider with a slogship handler behind it, whose
// records go to s.
func behind(t *testing.T, s *server, from slog.Level) (*sdklog.LoggerProvider, *handler.Handler) {
	t.Helper()
	h, err := handler.New([]route.Route{{Name: "otel", To: plainly(t, s), Levels: route.AtLeast(from), Buffer: route.Buffer{StallTimeout: time.Minute}}},
		&handler.Options{InMemory: true, Trace: oteltrace.FromContext})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return sdklog.NewLoggerProvider(sdklog.WithProcessor(otlp.NewProcessor(h))), h
}

// TestProcessor: what is emitted through the SDK's API arrives as it would have
// without slogship between: body, severity, time, trace and attributes.
func TestProcessor(t *testing.T) {
	s := &server{}
	provider, _ := behind(t, s, slog.LevelInfo)
	id, span := trace.TraceID{1}, trace.SpanID{2}
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: 1}))
	var rec log.Record
	rec.SetTimestamp(day)
	rec.SetSeverity(log.SeverityWarn2)
	rec.SetBody(attribute.StringValue("the body"))
	rec.SetEventName("order.placed")
	rec.AddAttributes(attribute.Int("n", 5), attribute.Bool("b", true), attribute.Float64("f", 1.5), attribute.StringSlice("names", []string{"a", "b"}),
		attribute.Map("m", attribute.String("inner", "x")), attribute.Slice("mixed", attribute.IntValue(1), attribute.MapValue(attribute.Int("k", 2))))
	logger := provider.Logger("shop.orders")
	logger.Emit(ctx, rec)
	var low, odd log.Record
	low.SetSeverity(log.SeverityDebug)
	logger.Emit(ctx, low)
	odd.SetBody(attribute.MapValue(attribute.Int("k", 2)))
	logger.Emit(ctx, odd)
	if err := provider.ForceFlush(ctx); err != nil {
		t.Fatal(err)
	}
	var all = records(s.requests()[0])
	for _, r := range s.requests()[1:] {
		all = append(all, records(r)...)
	}
	if len(all) != 2 {
		t.Fatalf("%d records, want 2: the first and the last", len(all))
	}
	l := all[0]
	if l.Body.GetStringValue() != "the body" || l.SeverityNumber != 14 || l.TimeUnixNano != uint64(day.UnixNano()) || string(l.TraceId) != string(id[:]) || string(l.SpanId) != string(span[:]) {
		t.Errorf("record %v", l)
	}
	got := attributes(t, l.Attributes)
	if got["n"].GetIntValue() != 5 || !got["b"].GetBoolValue() || got["f"].GetDoubleValue() != 1.5 || got["event.name"].GetStringValue() != "order.placed" ||
		got["otel.scope.name"].GetStringValue() != "shop.orders" || got["m"].GetKvlistValue().GetValues()[0].Key != "inner" ||
		len(got["names"].GetArrayValue().GetValues()) != 2 || got["mixed"] == nil {
		t.Errorf("attributes %v", got)
	}
	if body := attributes(t, all[1].Attributes)["body"]; body.GetKvlistValue().GetValues()[0].Value.GetIntValue() != 2 || all[1].SeverityNumber != 9 {
		t.Errorf("a body of its own kind came as %v", all[1])
	}
}

// TestProcessorEnabled: what no route takes is known before a record is made.
func TestProcessorEnabled(t *testing.T) {
	provider, _ := behind(t, &server{}, slog.LevelWarn)
	logger := provider.Logger("l")
	for severity, want := range map[log.Severity]bool{log.SeverityDebug: false, log.SeverityInfo: false, log.SeverityWarn: true, log.SeverityFatal: true, log.SeverityUndefined: false} {
		if got := logger.Enabled(t.Context(), log.EnabledParameters{Severity: severity}); got != want {
			t.Errorf("%v: enabled %v", severity, got)
		}
	}
}

// TestProcessorOwnTrace: a record that was given a trace of its own by a
// processor before has that.
func TestProcessorOwnTrace(t *testing.T) {
	s := &server{}
	_, h := behind(t, s, slog.LevelInfo)
	own := trace.TraceID{9}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(traced(own)), sdklog.WithProcessor(otlp.NewProcessor(h)))
	provider.Logger("l").Emit(t.Context(), log.Record{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := provider.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if l := records(s.requests()[0])[0]; string(l.TraceId) != string(own[:]) {
		t.Errorf("trace %x", l.TraceId)
	}
}

// traced is a Processor that sets a trace.
type traced trace.TraceID

func (p traced) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (p traced) OnEmit(_ context.Context, r *sdklog.Record) error {
	r.SetTraceID(trace.TraceID(p))
	r.SetSpanID(trace.SpanID{1})
	return nil
}
func (p traced) Shutdown(context.Context) error   { return nil }
func (p traced) ForceFlush(context.Context) error { return nil }
