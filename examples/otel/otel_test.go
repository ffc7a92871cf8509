package main

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/transport/otlp"
)

// collector takes OTLP over HTTP and keeps the records.
type collector struct {
	mu      sync.Mutex
	records []*logs.LogRecord // guarded by mu
	service string            // guarded by mu
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zip
	}
	raw, err := io.ReadAll(body)
	var req collogs.ExportLogsServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &req)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rl := range req.ResourceLogs {
		for _, a := range rl.Resource.Attributes {
			if a.Key == "service.name" {
				c.service = a.Value.GetStringValue()
			}
		}
		for _, sl := range rl.ScopeLogs {
			c.records = append(c.records, sl.LogRecords...)
		}
	}
}

// TestTraceArrives: the trace that a caller began is in the record that the
// collector gets, and the span is the request's own.
func TestTraceArrives(t *testing.T) {
	c := &collector{}
	node := httptest.NewServer(c)
	defer node.Close()
	vars := map[string]string{"OTEL_SERVICE_NAME": "shop", "OTEL_EXPORTER_OTLP_ENDPOINT": node.URL}
	h, err := open(t.TempDir(), otlp.Destination{
		Lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		Proxy:  func(*http.Request) (*url.URL, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	before := slog.Default()
	slog.SetDefault(slog.New(h))
	defer slog.SetDefault(before)
	const begun, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/order?id=42", nil)
	req.Header.Set("traceparent", "00-"+begun+"-"+parent+"-01")
	traced(sdktrace.NewTracerProvider(), http.HandlerFunc(order)).ServeHTTP(httptest.NewRecorder(), req)
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.records) != 1 || c.service != "shop" {
		t.Fatalf("%d records of %q", len(c.records), c.service)
	}
	l := c.records[0]
	if span := hex.EncodeToString(l.SpanId); hex.EncodeToString(l.TraceId) != begun || len(span) != 16 || span == parent || l.Flags != 1 {
		t.Errorf("trace %x, span %s, flags %d", l.TraceId, span, l.Flags)
	}
}
