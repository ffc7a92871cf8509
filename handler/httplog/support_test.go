package httplog_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// logger returns a logger whose records are in the sink when its call returns.
func logger(t testing.TB) (*slog.Logger, *memory.Sink) {
	t.Helper()
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true}}, &handler.Options{InMemory: true, AddSource: true, Trace: httplog.Trace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return slog.New(h), sink
}

// serve runs one request through the middleware on a server that speaks HTTP/1,
// or HTTP/2 if asked to, and returns the answer with what was logged.
func serve(t *testing.T, o httplog.Options, r *http.Request, h http.HandlerFunc) (*http.Response, string, []encode.Record, error) {
	t.Helper()
	l, sink := logger(t)
	o.Logger = l
	mux := http.NewServeMux()
	mux.HandleFunc("/things/{id}", h)
	mux.HandleFunc("GET /got/{id}", h)
	logged := httplog.Middleware(&o)(mux)
	var ended sync.WaitGroup // Close does not wait for who took over a connection
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ended.Add(1)
		defer ended.Done()
		logged.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.EnableHTTP2 = r.ProtoMajor == 2
	if s.EnableHTTP2 {
		s.StartTLS()
	} else {
		s.Start()
	}
	defer s.Close()
	r.URL.Scheme, r.URL.Host, r.RequestURI = "http", s.Listener.Addr().String(), ""
	if s.EnableHTTP2 {
		r.URL.Scheme = "https"
	}
	resp, err := s.Client().Do(r)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	s.Close()
	ended.Wait() // for the access record
	return resp, string(body), sink.Records(), err
}

func request(method, path string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// attr is a record's attribute at the top level; keys have dots.
func attr(rec encode.Record, key string) (slog.Value, bool) {
	for _, a := range rec.Attrs {
		if a.Key == key {
			return a.Value, true
		}
	}
	return slog.Value{}, false
}

func text(rec encode.Record, key string) string {
	v, ok := attr(rec, key)
	if !ok {
		return "-"
	}
	return v.String()
}

// access finds the one access record.
func access(t *testing.T, recs []encode.Record) encode.Record {
	t.Helper()
	var found []encode.Record
	for _, rec := range recs {
		if _, ok := attr(rec, "http.server.request.duration"); ok {
			found = append(found, rec)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d access records in %d", len(found), len(recs))
	}
	return found[0]
}

func has(s, part string) bool { return strings.Contains(s, part) }
