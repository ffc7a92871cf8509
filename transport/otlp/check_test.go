package otlp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/tlsconfig"
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

// Of a secret that a receiver repeats where its text is cut, no half is shown (S10).
func TestS10_CheckCutsNoSecret(t *testing.T) {
	const secret = "s3cr3t-c4n4ry-0123456789"
	ca := testpki.New(t, "authority")
	node := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", strconv.Itoa(int(codes.Unauthenticated)))
		w.Header().Set("Grpc-Message", strings.Repeat("x", httpstatus.MaxExcerpt-8)+secret)
	}))
	node.EnableHTTP2 = true
	node.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	node.StartTLS()
	defer node.Close()
	dest := otlp.Destination{
		URL: node.URL, Protocol: otlp.GRPC, Headers: map[string]string{"Authorization": "Bearer " + secret}, Lookup: environ(nil), Proxy: noProxy,
		TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
	}
	found, got := testkit.Check(t, dest)
	if !strings.HasSuffix(got, "credentials failed") || strings.Contains(fmt.Sprintf("%+v", found), secret[:6]) {
		t.Errorf("%s: %+v", got, found)
	}
}
