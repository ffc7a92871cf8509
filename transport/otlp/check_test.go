package otlp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/otlp"
)

// An export without records, over HTTP.
func TestCheckHTTP(t *testing.T) {
	code, kind := 200, "application/x-protobuf"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/v1/logs" || len(body) != 0 || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("asked %s %s with %q, %v", r.Method, r.URL, body, r.Header)
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
	}))
	defer server.Close()
	dest := otlp.Destination{Protocol: otlp.HTTP, URL: server.URL, AllowPlaintext: true, Lookup: environ(nil), Proxy: noProxy}
	const way = "name ok, connect ok, "
	for status, want := range map[int]string{200: way + "protocol ok", 400: way + "protocol warning", 401: way + "credentials failed", 404: way + "protocol failed", 503: way + "protocol warning"} {
		code = status
		if found, got := testkit.Check(t, dest); got != want {
			t.Errorf("%d: %s, want %s: %v", status, got, want, found)
		}
	}
	code, kind = 200, "text/html; charset=utf-8"
	if found, got := testkit.Check(t, dest); got != way+"protocol failed" {
		t.Errorf("a web site: %v", found)
	}
}

// The same as a unary call.
func TestCheckGRPC(t *testing.T) {
	var answer error
	dest := serve(t, func(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
		if len(req.GetResourceLogs()) != 0 {
			t.Errorf("records were sent: %v", req)
		}
		return &collogs.ExportLogsServiceResponse{}, answer
	})
	const way = "name ok, connect ok, "
	for code, want := range map[codes.Code]string{
		codes.OK: way + "protocol ok", codes.Unauthenticated: way + "credentials failed", codes.Unimplemented: way + "protocol failed", codes.InvalidArgument: way + "protocol warning",
	} {
		if answer = status.Error(code, "because"); code == codes.OK {
			answer = nil
		}
		if found, got := testkit.Check(t, dest); got != want {
			t.Errorf("%v: %s, want %s: %v", code, got, want, found)
		}
	}
}
