package otlp_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/otlp"
)

// TestEndpoint: where requests go, by fields and variables.
func TestEndpoint(t *testing.T) {
	s := &server{}
	node := httptest.NewServer(s)
	defer node.Close()
	for _, c := range []struct {
		field string
		vars  map[string]string
		want  string
	}{
		{node.URL, nil, "/v1/logs"},
		{node.URL + "/mounted/", nil, "/mounted/v1/logs"},
		{node.URL + "/otlp/v1/logs", nil, "/otlp/v1/logs"},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": node.URL}, "/v1/logs"},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": node.URL + "/a"}, "/a/v1/logs"},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": node.URL + "/as/is"}, "/as/is"},
		{node.URL, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "/v1/logs"},
	} {
		d := otlp.Destination{URL: c.field, AllowPlaintext: c.field != "", Lookup: environ(c.vars), Proxy: noProxy}
		if err := open(t, d).Send(t.Context(), batch(0, 1)); err != nil {
			t.Errorf("%q %v: %v", c.field, c.vars, err)
			continue
		}
		if got := s.paths[len(s.paths)-1]; got != c.want {
			t.Errorf("%q %v: path %q, want %q", c.field, c.vars, got, c.want)
		}
	}
}

func TestHeadersAndCompression(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.Lookup = environ(map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=sh%20op, x-other = a=b", "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
	})
	if err := open(t, d).Send(t.Context(), batch(0, 100)); err != nil {
		t.Fatal(err)
	}
	h := s.heads[0]
	if h.Get("X-Tenant") != "sh op" || h.Get("X-Other") != "a=b" || h.Get("Content-Encoding") != "" || h.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("headers %v", h)
	}
	d.Lookup = environ(nil)
	if err := open(t, d).Send(t.Context(), batch(0, 100)); err != nil || s.heads[1].Get("Content-Encoding") != "gzip" {
		t.Errorf("%v, headers %v", err, s.heads[1])
	}
}

// TestTimeout: the variable's milliseconds bound a request.
func TestTimeout(t *testing.T) {
	block := make(chan struct{})
	s := &server{answer: func(_ http.ResponseWriter, _ int) { <-block }}
	d := plainly(t, s)
	defer close(block)
	d.Lookup = environ(map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "50"})
	began := time.Now()
	if err := open(t, d).Send(t.Context(), batch(0, 1)); err == nil || time.Since(began) > otlp.DefaultTimeout {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// TestConfig: what Open refuses, and that it says no secret (S-list).
func TestConfig(t *testing.T) {
	const secret = "s3cr3t-s3cr3t"
	for name, c := range map[string]struct {
		d    otlp.Destination
		vars map[string]string
		want error
	}{
		"protocol":      {vars: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, want: otlp.ErrConfig},
		"logs protocol": {vars: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "tcp"}, want: otlp.ErrConfig},
		"compression":   {vars: map[string]string{"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"}, want: otlp.ErrConfig},
		"timeout":       {vars: map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, want: otlp.ErrConfig},
		"timeout 0":     {vars: map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "0"}, want: otlp.ErrConfig},
		"insecure":      {vars: map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317", "OTEL_EXPORTER_OTLP_INSECURE": "yes"}, want: otlp.ErrConfig},
		"headers":       {vars: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": secret}, want: otlp.ErrConfig},
		"escape":        {vars: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "a=%zz" + secret}, want: otlp.ErrConfig},
		"attributes":    {vars: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name"}, want: otlp.ErrConfig},
		"endpoint":      {vars: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, want: otlp.ErrConfig},
		"plaintext":     {d: otlp.Destination{URL: "http://127.0.0.1:4318"}, want: otlp.ErrPlaintext},
		"credentials over plaintext": {
			vars: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=" + secret}, want: otlp.ErrPlaintext,
		},
		"records":  {d: otlp.Destination{MaxRecords: -1}, want: otlp.ErrConfig},
		"bytes":    {d: otlp.Destination{MaxBytes: 1 << 30}, want: otlp.ErrConfig},
		"request":  {d: otlp.Destination{MaxMessage: 1}, want: otlp.ErrConfig},
		"gzip":     {d: otlp.Destination{Compression: 7}, want: otlp.ErrConfig},
		"negative": {d: otlp.Destination{Timeout: -1}, want: otlp.ErrConfig},
		"ca":       {vars: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://h", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/does/not/exist"}},
	} {
		c.d.Lookup = environ(c.vars)
		_, err := c.d.Open()
		if err == nil || c.want != nil && !errors.Is(err, c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: Open = %v", name, err)
		}
	}
}

// TestDefaults: the zero Destination is the standard's collector on this machine,
// and a certificate beside http:// is another signal's.
func TestDefaults(t *testing.T) {
	for _, vars := range []map[string]string{
		nil,
		{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE": "/does/not/exist"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317", "OTEL_EXPORTER_OTLP_INSECURE": "true"},
	} {
		open(t, otlp.Destination{Lookup: environ(vars)})
	}
	d := otlp.Destination{URL: "https://user:s3cret@host"}
	if s := d.String() + d.GoString(); strings.Contains(s, "s3cret") || !strings.Contains(s, "host") {
		t.Errorf("printed as %q", s)
	}
}

func TestDetectResource(t *testing.T) {
	r, err := otlp.DetectResource(environ(map[string]string{
		"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,service.version=1%2C2,deployment.environment.name=test,host.name=h,service.instance.id=i,k8s.pod.name=p,k8s.pod.name=q,os.type=mine",
		"OTEL_SERVICE_NAME":        "shop",
	}))
	if err != nil || r.Service != "shop" || r.Version != "1,2" || r.Environment != "test" || r.Host != "h" || r.Instance != "i" || r.PID == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	all := map[string]string{}
	for _, a := range r.Attrs {
		if _, twice := all[a.Key]; twice {
			t.Errorf("%s is there twice", a.Key)
		}
		all[a.Key] = a.Value.String()
	}
	if all["k8s.pod.name"] != "q" || all["os.type"] != "mine" || all["process.runtime.name"] != "go" {
		t.Errorf("attributes %v", all)
	}
	if r, err = otlp.DetectResource(environ(nil)); err != nil || !strings.HasPrefix(r.Service, "unknown_service:") {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestService: a record whose resource has no name gets this process's.
func TestService(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.Lookup = environ(map[string]string{"OTEL_SERVICE_NAME": "shop"})
	recs := batch(0, 1)
	recs[0].Resource.Service = ""
	recs[0].Resource.Attrs = []slog.Attr{slog.String("service.name", "forged")}
	if err := open(t, d).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	got := attributes(t, s.requests()[0].ResourceLogs[0].Resource.Attributes)
	if got["service.name"].GetStringValue() != "shop" || got["service.name_2"].GetStringValue() != "forged" {
		t.Errorf("resource %v", got)
	}
}
