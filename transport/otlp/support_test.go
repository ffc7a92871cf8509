package otlp_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
)

var day = time.Date(2026, 3, 1, 23, 59, 59, 123456789, time.UTC)

// batch returns n records whose messages and IDs number them from first on.
func batch(first, n int) []encode.Record {
	recs := make([]encode.Record, n)
	shop := &encode.Resource{Service: "checkout", Host: "a1", Environment: "test", Version: "1.2", PID: 7}
	for i := range recs {
		number := first + i
		recs[i] = encode.Record{
			Time: day.Add(time.Duration(number) * time.Millisecond), Observed: day, Level: slog.LevelInfo,
			Message:  fmt.Sprintf("record %d", number),
			Attrs:    []slog.Attr{slog.Int("number", number), slog.String("path", "/v1/items")},
			Resource: shop,
		}
		binary.BigEndian.PutUint64(recs[i].ID[8:], uint64(number)+1)
	}
	return recs
}

// environ is an environment of these variables alone.
func environ(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// noProxy keeps the developer's environment out of the tests.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// parse reads a request with the official types.
func parse(r *http.Request) (*collogs.ExportLogsServiceRequest, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(zip); err != nil {
			return nil, err
		}
	}
	var req collogs.ExportLogsServiceRequest
	return &req, proto.Unmarshal(body, &req)
}

// server is an OTLP/HTTP receiver that keeps what it took and answers as it is
// told.
type server struct {
	mu     sync.Mutex
	got    []*collogs.ExportLogsServiceRequest // guarded by mu
	heads  []http.Header                       // guarded by mu
	paths  []string                            // guarded by mu
	answer func(w http.ResponseWriter, n int)  // nil: 200 and no body; n counts from 0
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, err := parse(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	n := len(s.got)
	s.got = append(s.got, req)
	s.heads = append(s.heads, r.Header)
	s.paths = append(s.paths, r.URL.Path)
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(w, n)
	}
}

func (s *server) requests() []*collogs.ExportLogsServiceRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

// plainly serves s without TLS.
func plainly(t testing.TB, s http.Handler) otlp.Destination {
	t.Helper()
	node := httptest.NewServer(s)
	t.Cleanup(node.Close)
	return otlp.Destination{URL: node.URL, AllowPlaintext: true, Proxy: noProxy, Lookup: environ(nil)}
}

func open(t testing.TB, d transport.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tr
}

// records are those of a request, in their order.
func records(req *collogs.ExportLogsServiceRequest) (all []*logs.LogRecord) {
	for _, r := range req.ResourceLogs {
		for _, s := range r.ScopeLogs {
			all = append(all, s.LogRecords...)
		}
	}
	return all
}

func messages(req *collogs.ExportLogsServiceRequest) (all []string) {
	for _, r := range records(req) {
		all = append(all, r.Body.GetStringValue())
	}
	return all
}

// attributes by name; one that is there twice is an error.
func attributes(t testing.TB, pairs []*common.KeyValue) map[string]*common.AnyValue {
	t.Helper()
	all := map[string]*common.AnyValue{}
	for _, p := range pairs {
		if all[p.Key] != nil {
			t.Errorf("attribute %q is there twice", p.Key)
		}
		all[p.Key] = p.Value
		if p.Value == nil {
			t.Errorf("attribute %q has no value", p.Key)
		}
	}
	return all
}
