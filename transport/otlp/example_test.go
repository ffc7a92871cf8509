package otlp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"

	otellog "go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/otlp/oteltrace"
)

// A service that logs to the collector that its environment names, with the
// resource that it says there, and the trace of each call.
func Example() {
	collector := httptest.NewServer(&server{})
	defer collector.Close()
	vars := environ(map[string]string{"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL})
	resource, err := otlp.DetectResource(vars) // nil instead of vars is the process's environment
	if err != nil {
		panic(err)
	}
	h, err := handler.New(
		[]route.Route{{Name: "otel", To: otlp.Destination{Lookup: vars, Proxy: noProxy}}},
		&handler.Options{InMemory: true, Resource: resource, Trace: oteltrace.FromContext})
	if err != nil {
		panic(err)
	}
	slog.New(h).Info("order placed", slog.Group("order", slog.Int("id", 42)))
	fmt.Println(h.Close(context.Background()), h.Stats().Routes[0].Delivered)
	// Output: <nil> 1
}

// What logs through OpenTelemetry already gets a buffer on disk.
func ExampleNewProcessor() {
	collector := httptest.NewServer(&server{})
	defer collector.Close()
	dir, err := os.MkdirTemp("", "otlp-example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	h, err := handler.New(
		[]route.Route{{Name: "otel", To: otlp.Destination{URL: collector.URL, AllowPlaintext: true, Lookup: environ(nil), Proxy: noProxy}}},
		&handler.Options{Dir: dir, Trace: oteltrace.FromContext})
	if err != nil {
		panic(err)
	}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(otlp.NewProcessor(h)))
	var rec otellog.Record
	rec.SetSeverity(otellog.SeverityWarn)
	provider.Logger("shop").Emit(context.Background(), rec)
	fmt.Println(provider.Shutdown(context.Background()), h.Stats().Routes[0].Delivered, h.Close(context.Background()))
	// Output: <nil> 1 <nil>
}
