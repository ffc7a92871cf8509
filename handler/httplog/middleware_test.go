package httplog_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
)

// One access record a request, with what the package's doc says.
func TestAccessRecord(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		handle             http.HandlerFunc
		level              slog.Level
		message            string
		want               map[string]string // "-": not there
	}{
		{"plain", "GET", "/things/7?token=secret", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }, slog.LevelInfo, "GET /things/{id}",
			map[string]string{"http.request.method": "GET", "http.route": "/things/{id}", "url.path": "/things/7", "http.response.status_code": "200", "http.response.body.size": "5", "error.type": "-", "client.address": "-", "user_agent.original": "-"}},
		{"a pattern with a method", "GET", "/got/1", func(w http.ResponseWriter, _ *http.Request) {}, slog.LevelInfo, "GET /got/{id}",
			map[string]string{"http.route": "/got/{id}", "http.response.status_code": "200", "http.response.body.size": "0"}},
		{"no route", "GET", "/nowhere", http.NotFound, slog.LevelWarn, "GET", map[string]string{"http.route": "-", "http.response.status_code": "404"}},
		{"the client's fault", "POST", "/things/1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, slog.LevelWarn, "POST /things/{id}",
			map[string]string{"http.response.status_code": "422", "error.type": "-"}},
		{"ours", "POST", "/things/1", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", http.StatusServiceUnavailable) }, slog.LevelError, "POST /things/{id}",
			map[string]string{"http.response.status_code": "503", "error.type": "503", "http.response.body.size": "2"}},
		{"informational first", "GET", "/things/1", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusTeapot) // too late
		}, slog.LevelInfo, "GET /things/{id}", map[string]string{"http.response.status_code": "202"}},
		{"HEAD has no body", "HEAD", "/things/1", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }, slog.LevelInfo, "HEAD /things/{id}",
			map[string]string{"http.response.body.size": "0", "http.response.status_code": "200"}},
		{"304 has none", "GET", "/things/1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304); io.WriteString(w, "hello") }, slog.LevelInfo, "GET /things/{id}",
			map[string]string{"http.response.body.size": "0", "http.response.status_code": "304"}},
		{"a method of its own", "BREW", "/things/1", func(http.ResponseWriter, *http.Request) {}, slog.LevelInfo, "_OTHER /things/{id}",
			map[string]string{"http.request.method": "_OTHER", "http.request.method_original": "BREW"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, recs, err := serve(t, httplog.Options{}, request(c.method, c.path), c.handle)
			if err != nil {
				t.Fatal(err)
			}
			rec := access(t, recs)
			if rec.Level != c.level || rec.Message != c.message {
				t.Errorf("%v %q, want %v %q", rec.Level, rec.Message, c.level, c.message)
			}
			for key, want := range c.want {
				if got := text(rec, key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if d, _ := attr(rec, "http.server.request.duration"); d.Kind() != slog.KindFloat64 || d.Float64() < 0 { // some clocks stand still that long
				t.Errorf("the duration is %v", d)
			}
			if rec.Stack != nil || rec.Source.File != "" {
				t.Errorf("the middleware's own place is in the record: %v", rec.Source)
			}
		})
	}
}

// The duration is that of the request, in seconds.
func TestDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, sink := logger(t)
		slow := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(1500 * time.Millisecond) })
		httplog.Middleware(&httplog.Options{Logger: l})(slow).ServeHTTP(httptest.NewRecorder(), request("GET", "/"))
		if d, _ := attr(sink.Records()[0], "http.server.request.duration"); d.Float64() != 1.5 {
			t.Errorf("%v", d)
		}
	})
}

// What is on every record of the request, and what of it goes back and on.
func TestRequestContext(t *testing.T) {
	l, sink := logger(t)
	out := http.Header{}
	mw := httplog.Middleware(&httplog.Options{Logger: l, Client: true, UserAgent: true})
	h := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httplog.Add(r.Context(), slog.String("user", "ann"))
		ctx := handler.With(r.Context(), slog.Int("tenant", 7))
		l.InfoContext(ctx, "inside")
		httplog.SetHeaders(ctx, out)
		if id := httplog.RequestID(ctx); id != "req-1" {
			t.Errorf("the id is %q", id)
		}
	}))
	r := request("GET", "/x", "X-Request-Id", "req-1", "User-Agent", strings.Repeat("ü", 200),
		"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate", "a=1", "Tracestate", "b@c=2")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	recs := sink.Records()
	if len(recs) != 2 {
		t.Fatalf("%d records", len(recs))
	}
	inside, end := recs[0], recs[1]
	for _, rec := range recs {
		if text(rec, "http.request.id") != "req-1" {
			t.Errorf("%q has the id %q", rec.Message, text(rec, "http.request.id"))
		}
		if got := hexOf(rec.Trace.TraceID[:]); got != "0af7651916cd43dd8448eb211c80319c" || !rec.Trace.Sampled() {
			t.Errorf("%q has the trace %+v", rec.Message, rec.Trace)
		}
		if hexOf(rec.Trace.SpanID[:]) == "b7ad6b7169203331" {
			t.Errorf("%q is in the caller's span", rec.Message)
		}
	}
	if text(inside, "tenant") != "7" || text(inside, "user") != "-" || text(end, "user") != "ann" || text(end, "tenant") != "-" {
		t.Errorf("inside has %v, the access record %v", inside.Attrs, end.Attrs)
	}
	if text(end, "client.address") != "192.0.2.1" || text(end, "user_agent.original") != strings.Repeat("ü", 128) {
		t.Errorf("client %q, agent %q", text(end, "client.address"), text(end, "user_agent.original"))
	}
	if got := w.Header().Get("X-Request-Id"); got != "req-1" {
		t.Errorf("answered with the id %q", got)
	}
	if want := "00-0af7651916cd43dd8448eb211c80319c-" + hexOf(inside.Trace.SpanID[:]) + "-01"; out.Get("Traceparent") != want || out.Get("Tracestate") != "a=1,b@c=2" || out.Get("X-Request-Id") != "req-1" {
		t.Errorf("goes on with %v, want traceparent %s", out, want)
	}
}

// Ids that are not fit to be logged, and those of strangers, are made anew.
func TestRequestID(t *testing.T) {
	for _, c := range []struct {
		id   string
		edge bool
		kept bool
	}{
		{"8f14e45f-ceea-4a7b-9c1d-0123456789ab", false, true},
		{"Root=1-67891233-abcdef012345678912345678", false, true},
		{strings.Repeat("a", 128), false, true},
		{strings.Repeat("a", 129), false, false},
		{"", false, false},
		{"two words", false, false},
		{`quote"`, false, false},
		{"ümlaut", false, false},
		{"fine", true, false},
	} {
		l, sink := logger(t)
		w := httptest.NewRecorder()
		httplog.Middleware(&httplog.Options{Logger: l, Edge: c.edge})(http.NotFoundHandler()).ServeHTTP(w, request("GET", "/", "X-Request-Id", c.id))
		got := text(sink.Records()[0], "http.request.id")
		if kept := got == c.id; kept != c.kept || len(got) < 16 && !c.kept || w.Header().Get("X-Request-Id") != got {
			t.Errorf("%q (edge %v) became %q, answered %q", c.id, c.edge, got, w.Header().Get("X-Request-Id"))
		}
	}
}

// Traces: begun here, taken over, another middleware's.
func TestTraceOrigin(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	foreign := encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}
	for _, c := range []struct {
		name   string
		o      httplog.Options
		header string
		sample bool
		id     string // "": a new one
		goesOn bool   // SetHeaders sets traceparent
	}{
		{"begun", httplog.Options{}, "", true, "", true},
		{"begun unsampled", httplog.Options{Sampled: func(*http.Request) bool { return false }}, "", false, "", true},
		{"taken over", httplog.Options{}, parent, false, "0af7651916cd43dd8448eb211c80319c", true},
		{"a stranger's", httplog.Options{Edge: true}, parent, true, "", true},
		{"malformed", httplog.Options{}, parent + "-", true, "", true},
		{"another's", httplog.Options{Trace: func(context.Context) encode.Trace { return foreign }}, parent, false, hexOf(foreign.TraceID[:]), false},
	} {
		l, sink := logger(t)
		c.o.Logger = l
		out := http.Header{}
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { httplog.SetHeaders(r.Context(), out) })
		httplog.Middleware(&c.o)(h).ServeHTTP(httptest.NewRecorder(), request("GET", "/", "Traceparent", c.header))
		trace := sink.Records()[0].Trace
		id := hexOf(trace.TraceID[:])
		if c.id != "" && id != c.id || c.id == "" && has(parent, id) || trace.Sampled() != c.sample || trace.SpanID == [8]byte{} {
			t.Errorf("%s: trace %s, sampled %v", c.name, id, trace.Sampled())
		}
		if c.name == "another's" && trace != foreign {
			t.Errorf("another middleware's span was replaced: %+v", trace)
		}
		if goes := out.Get("Traceparent") != ""; goes != c.goesOn {
			t.Errorf("%s: goes on: %v", c.name, goes)
		}
	}
}

// Health checks leave no record while they are healthy.
func TestSkip(t *testing.T) {
	for _, c := range []struct {
		path   string
		handle http.HandlerFunc
		want   int
	}{
		{"/healthz", func(http.ResponseWriter, *http.Request) {}, 0},
		{"/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 1},
		{"/healthz", func(http.ResponseWriter, *http.Request) { panic("sick") }, 2},
		{"/other", func(http.ResponseWriter, *http.Request) {}, 1},
	} {
		l, sink := logger(t)
		o := &httplog.Options{Logger: l, Skip: httplog.Paths("/healthz", "/readyz")}
		httplog.Middleware(o)(c.handle).ServeHTTP(httptest.NewRecorder(), request("GET", c.path))
		if got := len(sink.Records()); got != c.want {
			t.Errorf("%s: %d records, want %d", c.path, got, c.want)
		}
	}
}

// A logger, or a function of Options, that panics costs its record and nothing
// else.
func TestLoggerThatPanics(t *testing.T) {
	for name, o := range map[string]httplog.Options{
		"logger": {Logger: slog.New(broken{})},
		"Level":  {Logger: slog.New(slog.DiscardHandler), Level: func(int) slog.Level { panic("level") }},
		"Skip":   {Logger: slog.New(slog.DiscardHandler), Skip: func(*http.Request) bool { panic("skip") }},
	} {
		w := httptest.NewRecorder()
		httplog.Middleware(&o)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })).ServeHTTP(w, request("GET", "/"))
		if w.Code != 204 {
			t.Errorf("%s: answered %d", name, w.Code)
		}
	}
}

type broken struct{ slog.Handler }

func (broken) Enabled(context.Context, slog.Level) bool { panic("logger") }

// Without a request nothing happens, and slog's default is the default.
func TestWithoutRequest(t *testing.T) {
	httplog.Add(t.Context(), slog.Int("a", 1))
	header := http.Header{}
	httplog.SetHeaders(t.Context(), header)
	if len(header) != 0 || httplog.RequestID(t.Context()) != "" || !httplog.Trace(t.Context()).IsZero() {
		t.Error("there is a request in a ctx without one")
	}
	before := slog.Default()
	defer slog.SetDefault(before)
	l, sink := logger(t)
	slog.SetDefault(l)
	httplog.Middleware(nil)(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), request("GET", "/"))
	if len(sink.Records()) != 1 {
		t.Error("slog.Default got no record")
	}
}

var errCause = errors.New("cause")

func BenchmarkMiddleware(b *testing.B) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	r := request("GET", "/", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id", "req-1")
	for name, with := range map[string]http.Handler{"without": h, "with": httplog.Middleware(&httplog.Options{Logger: slog.New(slog.DiscardHandler)})(h)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				with.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
