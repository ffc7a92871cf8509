package oteltrace_test

import (
	"os/exec"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/otlp/oteltrace"
)

func TestFromContext(t *testing.T) {
	if got := oteltrace.FromContext(t.Context()); !got.IsZero() {
		t.Errorf("without a span: %+v", got)
	}
	id, span := trace.TraceID{1, 15: 2}, trace.SpanID{3, 7: 4}
	for _, remote := range []bool{false, true} {
		c := trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: trace.FlagsSampled, Remote: remote})
		got := oteltrace.FromContext(trace.ContextWithSpanContext(t.Context(), c))
		if want := (encode.Trace{TraceID: id, SpanID: span, Flags: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	c := trace.NewSpanContext(trace.SpanContextConfig{SpanID: span, TraceFlags: trace.FlagsSampled})
	if got := oteltrace.FromContext(trace.ContextWithSpanContext(t.Context(), c)); !got.IsZero() {
		t.Errorf("a span without a trace: %+v", got)
	}
}

func TestFromContextAllocatesNothing(t *testing.T) {
	c := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}})
	ctx := trace.ContextWithSpanContext(t.Context(), c)
	if n := testing.AllocsPerRun(100, func() { oteltrace.FromContext(ctx) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestLinks: who uses this package links neither the SDK nor gRPC.
func TestLinks(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "go.opentelemetry.io/otel/trace\n") {
		t.Fatal("it does not link otel/trace: the test has lost its subject")
	}
	for _, bad := range []string{"/otel/sdk", "/otel/log", "google.golang.org/", "net/http\n", "slogship/transport/otlp\n"} {
		if strings.Contains(string(out), bad) {
			t.Errorf("it links %q", strings.TrimSpace(bad))
		}
	}
}
