package sentry_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/sentry"
)

// crashing is a handler that logs and panics.
func crashing(log *slog.Logger, value any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.DebugContext(r.Context(), "looked up the order")
		if r.URL.Path == "/partial" {
			io.WriteString(w, "half of")
		}
		panic(value)
	})
}

func request(path string) *http.Request {
	r := httptest.NewRequest("PUT", "http://shop.example"+path, nil)
	r.Header.Set("Authorization", "Bearer s3cret-1")
	r.Header.Set("Cookie", "session=s3cret-2")
	r.Header.Set("X-Api-Key", "s3cret-3")
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "probe/1")
	return r
}

// TestMiddleware: 500, and an event with the request, the stack of what panicked
// and the breadcrumbs of the request, without its credentials.
func TestMiddleware(t *testing.T) {
	events := shipped(t, nil, func(log *slog.Logger) {
		h := sentry.Middleware(&sentry.MiddlewareOptions{Logger: log})(crashing(log, errors.New("boom")))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request("/orders/17?id=4&token=s3cret-4"))
		if w.Code != http.StatusInternalServerError || w.Body.Len() > 0 {
			t.Errorf("answered %d %q", w.Code, w.Body)
		}
	})
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	r := e.Request
	if r == nil || r.Method != "PUT" || r.URL != "http://shop.example/orders/17" || !strings.Contains(r.QueryString, "id=4") ||
		r.Headers["Accept"] != "text/html" || len(r.Headers) != 2 || e.Contexts["attributes"]["user_agent"] != "probe/1" {
		t.Errorf("request %+v", r)
	}
	if strings.Contains(r.QueryString, "s3cret") {
		t.Errorf("query %q", r.QueryString)
	}
	if e.Level != "fatal" || e.Message != "panic: boom" || len(e.Exception) != 2 || len(e.Breadcrumbs) != 1 {
		t.Fatalf("%+v", e)
	}
	if source, _ := e.Contexts["source"]["function"].(string); !strings.Contains(source, "crashing") {
		t.Errorf("source %v", e.Contexts["source"])
	}
	if len(e.Fingerprint) != 2 || !strings.Contains(e.Fingerprint[1], "crashing") {
		t.Errorf("fingerprint %q", e.Fingerprint)
	}
	outer := e.Exception[1]
	if outer.Type != "panic: boom" || outer.Mechanism.Handled == nil || *outer.Mechanism.Handled || outer.Stacktrace == nil {
		t.Fatalf("%+v", outer)
	}
	if last := outer.Stacktrace.Frames[len(outer.Stacktrace.Frames)-1]; !strings.Contains(last.Function, "crashing") {
		t.Errorf("the innermost frame is %+v", last)
	}
}

// TestRepanic: the same value goes on, after it was logged.
func TestRepanic(t *testing.T) {
	events := shipped(t, nil, func(log *slog.Logger) {
		defer func() {
			if p := recover(); p != "boom" {
				t.Errorf("recovered %v", p)
			}
		}()
		h := sentry.Middleware(&sentry.MiddlewareOptions{Logger: log, Repanic: true})(crashing(log, "boom"))
		h.ServeHTTP(httptest.NewRecorder(), request("/"))
	})
	if len(events) != 1 || events[0].Message != "panic: boom" {
		t.Errorf("%+v", events)
	}
}

// TestPartialAnswer: what is half sent must not end like a whole.
func TestPartialAnswer(t *testing.T) {
	events := shipped(t, nil, func(log *slog.Logger) {
		server := httptest.NewServer(sentry.Middleware(&sentry.MiddlewareOptions{Logger: log})(crashing(log, "boom")))
		defer server.Close()
		resp, err := server.Client().Get(server.URL + "/partial")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Errorf("a whole answer, %d", resp.StatusCode)
		}
	})
	if len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
}

// TestAbort: net/http's own way to end a request is no fault.
func TestAbort(t *testing.T) {
	events := shipped(t, nil, func(log *slog.Logger) {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("recovered %v", p)
			}
		}()
		sentry.Middleware(&sentry.MiddlewareOptions{Logger: log})(crashing(log, http.ErrAbortHandler)).ServeHTTP(httptest.NewRecorder(), request("/"))
	})
	if len(events) != 0 {
		t.Errorf("%d events", len(events))
	}
}

// TestMiddlewareKeepsWriter: what handlers ask of a ResponseWriter is still there.
func TestMiddlewareKeepsWriter(t *testing.T) {
	server := httptest.NewServer(sentry.Middleware(nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := w.(http.Flusher); !ok {
			t.Error("no Flusher")
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		conn.Close()
	})))
	defer server.Close()
	if resp, err := server.Client().Get(server.URL); err == nil {
		resp.Body.Close()
	}
}

// written is a writer of a framework that was written to behind the middleware's
// back.
type written struct{ *httptest.ResponseRecorder }

func (written) Written() bool { return true }

// TestFrameworkWriter: what a framework has begun to answer is not made a 500.
func TestFrameworkWriter(t *testing.T) {
	w := written{httptest.NewRecorder()}
	shipped(t, nil, func(log *slog.Logger) {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler || w.Code != http.StatusOK {
				t.Errorf("recovered %v, answered %d", p, w.Code)
			}
		}()
		sentry.Middleware(&sentry.MiddlewareOptions{Logger: log})(crashing(log, "boom")).ServeHTTP(w, request("/"))
	})
}

// TestHeaderOption: what the service adds to the headers that are left out, and a
// runtime error's own type as the cause.
func TestHeaderOption(t *testing.T) {
	events := shipped(t, nil, func(log *slog.Logger) {
		o := &sentry.MiddlewareOptions{Logger: log, Trail: -1, Header: func(name string) bool { return name != "Accept" }}
		h := sentry.Middleware(o)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			log.DebugContext(r.Context(), "in no trail")
			var p *http.Request
			_ = p.Method
		}))
		h.ServeHTTP(httptest.NewRecorder(), request("/"))
	})
	e := events[0]
	if len(e.Request.Headers) != 1 || len(e.Breadcrumbs) != 0 || len(e.Exception) != 2 || !strings.HasPrefix(e.Exception[0].Type, "runtime.") {
		t.Errorf("%+v", e)
	}
	if frames := e.Exception[1].Stacktrace.Frames; !strings.Contains(frames[len(frames)-1].Function, "TestHeaderOption") {
		t.Errorf("%+v", frames)
	}
}

// TestWriterPasses: headers, status, bodies and files come through as they were,
// and an informational answer is none.
func TestWriterPasses(t *testing.T) {
	server := httptest.NewServer(sentry.Middleware(nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		if r.URL.Path == "/crash" {
			panic(http.NoBody) // after 103, which is no answer
		}
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(http.StatusTeapot)
		if _, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("body")); err != nil {
			t.Error(err)
		}
	})))
	defer server.Close()
	for path, want := range map[string]int{"/": http.StatusTeapot, "/crash": http.StatusInternalServerError} {
		resp, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want || want == http.StatusTeapot && (string(body) != "body" || resp.Header.Get("X-Kept") != "yes") {
			t.Errorf("%s: %d %q, %v", path, resp.StatusCode, body, err)
		}
	}
}
