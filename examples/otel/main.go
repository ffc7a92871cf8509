// Command otel is an HTTP service with traces by OpenTelemetry, whose log records
// carry the trace of their request to an OpenTelemetry Collector: the trace's page
// in the backend then shows them.
//
//	OTEL_SERVICE_NAME=shop OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run ./otel
//	curl -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' localhost:8080/order?id=42
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/otlp/oteltrace"
)

func main() {
	if err := run(); err != nil {
		slog.Error("otel", "err", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := handler.StateDir("otel-example")
	if err != nil {
		return err
	}
	h, err := open(dir, otlp.Destination{}) // where the OTEL_ variables say
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(h))
	srv := &http.Server{Addr: "127.0.0.1:8080", Handler: traced(sdktrace.NewTracerProvider(), http.HandlerFunc(order)), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = srv.Shutdown(context.Background())
	}
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, h.Close(last)) // after the requests: what is left stays in dir for the next start
}

// open returns a handler whose records have the resource of the OTEL_ variables
// and the trace of the log call's ctx.
func open(dir string, to otlp.Destination) (*handler.Handler, error) {
	resource, err := otlp.DetectResource(to.Lookup)
	if err != nil {
		return nil, err
	}
	return handler.New([]route.Route{{Name: "otel", To: to}},
		&handler.Options{Dir: dir, Resource: resource, AddSource: true, Trace: oteltrace.FromContext})
}

// traced starts a span for each request, in the trace that the caller began if it
// says so. In a real service this is otelhttp.NewHandler.
func traced(provider trace.TracerProvider, next http.Handler) http.Handler {
	tracer := provider.Tracer("example")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := tracer.Start(ctx, r.Method+" "+r.URL.Path, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// order knows nothing of traces: the ctx is enough.
func order(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	slog.InfoContext(r.Context(), "order placed", slog.Group("order", slog.String("id", id)))
	w.WriteHeader(http.StatusNoContent)
}
