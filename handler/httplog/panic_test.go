package httplog_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler/httplog"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

//go:noinline
func dereference(p *int) int { return *p }

// A panic is an ERROR with the stack of what panicked, and the answer is 500.
func TestPanic(t *testing.T) {
	for _, c := range []struct {
		name, kind, message string
		raise               func()
		source              string
	}{
		{"text", "string", "panic: sick", func() { panic("sick") }, "TestPanic.func"},
		{"error", "*fmt.wrapError", "panic: wrapped: cause", func() { panic(fmt.Errorf("wrapped: %w", errCause)) }, "TestPanic.func"},
		{"runtime", "runtime.errorString", "panic: runtime error: invalid memory address or nil pointer dereference", func() { dereference(nil) }, "httplog_test.dereference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body, recs, err := serve(t, httplog.Options{}, request("GET", "/things/1"), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				c.raise()
			})
			if err != nil || resp.StatusCode != 500 || body != "Internal Server Error\n" {
				t.Errorf("answered %v %q, %v", resp, body, err)
			}
			if len(recs) != 2 {
				t.Fatalf("%d records", len(recs))
			}
			rec := recs[0]
			if rec.Level != slog.LevelError || rec.Message != c.message || !has(rec.Source.Function, c.source) {
				t.Errorf("%v %q at %v", rec.Level, rec.Message, rec.Source)
			}
			if len(rec.Stack) == 0 || !has(rec.Stack[0].Function, c.source) {
				t.Errorf("the record's stack is %v", rec.Stack)
			}
			v, _ := attr(rec, "error")
			e, _ := v.Any().(*encode.Error)
			if e == nil || len(e.Frames) == 0 || !has(e.Frames[0].Function, c.source) || (c.name == "error") != (len(e.Causes) > 0 && strings.HasPrefix(e.Causes[0].Message, "wrapped")) {
				t.Errorf("the error is %+v", e)
			}
			end := access(t, recs)
			if end.Level != slog.LevelError || text(end, "http.response.status_code") != "500" || text(end, "error.type") != c.kind {
				t.Errorf("%v %v", end.Level, end.Attrs)
			}
		})
	}
}

// An answer that is under way is not taken for a whole one.
func TestPanicAfterTheAnswerBegan(t *testing.T) {
	_, _, recs, err := serve(t, httplog.Options{}, request("GET", "/things/1"), func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half of it")
		w.(http.Flusher).Flush()
		panic("sick")
	})
	if err == nil {
		t.Error("the client takes half an answer for the whole")
	}
	if end := access(t, recs); len(recs) != 2 || end.Level != slog.LevelError || text(end, "http.response.status_code") != "200" || text(end, "http.response.body.size") != "10" {
		t.Errorf("%d records, the access record %v %v", len(recs), end.Level, end.Attrs)
	}
}

// http.ErrAbortHandler is how a handler says so itself.
func TestAbort(t *testing.T) {
	_, _, recs, err := serve(t, httplog.Options{}, request("GET", "/things/1"), func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	})
	if err == nil {
		t.Error("the client got an answer")
	}
	end := access(t, recs)
	if len(recs) != 1 || end.Level != slog.LevelWarn || text(end, "error.type") != "aborted" || text(end, "http.response.status_code") != "-" {
		t.Errorf("%d records, the access record %v %v", len(recs), end.Level, end.Attrs)
	}
}

// Handlers that write no stacks get it as an attribute.
func TestPanicStackForOtherHandlers(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&out, nil))
	httplog.Middleware(&httplog.Options{Logger: l})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("sick") })).ServeHTTP(httptest.NewRecorder(), request("GET", "/"))
	if !has(out.String(), `"exception.stacktrace":"goroutine `) || !has(out.String(), "TestPanicStackForOtherHandlers") {
		t.Errorf("logged %s", out.String())
	}
}
