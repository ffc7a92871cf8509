package httplog

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/handler"
)

// The attributes' keys: see the package's doc.
const (
	keyRequestID      = "http.request.id"
	keyMethod         = "http.request.method"
	keyMethodOriginal = "http.request.method_original"
	keyRoute          = "http.route"
	keyPath           = "url.path"
	keyStatus         = "http.response.status_code"
	keySize           = "http.response.body.size"
	keyDuration       = "http.server.request.duration"
	keyErrorType      = "error.type"
	keyClient         = "client.address"
	keyUserAgent      = "user_agent.original"
	keyStack          = "exception.stacktrace"

	maxPath      = 1024
	maxUserAgent = 256

	aborted = "aborted" // error.type of an answer that was cut off on purpose
)

// Middleware returns what puts a handler in front of others. Each request gets
// an id, answered in X-Request-Id, and a place in a trace, both in its ctx; and
// when it has ended, one access record whose message is its method and route.
//
// A panic is logged as an ERROR with the stack of what panicked, and answered
// with 500; if a part of another answer may be with the client already, the
// connection is aborted (http.ErrAbortHandler), so that nobody takes it for the
// whole. http.ErrAbortHandler itself passes through, and is no error. Whatever
// Logger does, it does not change the answer.
//
// What a request logs belongs together for route.DebugOnError (it is in a
// handler.WithRequest), the access record included.
//
// The route is known if the mux is directly behind, or if Middleware stands around
// the handlers of single routes: a middleware between that changes the request
// (WithContext) hides the mux's pattern from it.
func Middleware(opts *Options) func(http.Handler) http.Handler {
	o := opts.withDefaults()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.serve(w, r, next) })
	}
}

func (o *Options) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	began, q := time.Now(), o.begin(r)
	w.Header().Set(headerID, q.id)
	ctx, over := handler.WithRequest(q.context(r.Context()))
	defer over() // after the access record, which may be the error
	r = r.WithContext(ctx)
	a := &answer{ResponseWriter: w, head: r.Method == http.MethodHead}
	defer func() {
		// In the deferred call, on top of the stack of what panicked.
		p := recover()
		x := exchange{o: o, r: r, q: q, a: a, began: began, panicked: p}
		x.end()
	}()
	next.ServeHTTP(a.wrapped(), r)
}

// exchange is a request that has been handled, well or not.
type exchange struct {
	o        *Options
	r        *http.Request
	q        *request
	a        *answer
	began    time.Time
	panicked any
}

// end answers what has no answer, logs, and panics again if the connection is to
// be closed.
func (x *exchange) end() {
	abort := x.panicked == http.ErrAbortHandler
	if x.panicked != nil && !abort {
		x.logPanic()
		if abort = x.a.begun(); !abort {
			http.Error(x.a, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
	if x.panicked == nil && !x.a.hijacked {
		x.a.implicit() // the server does it after us
	}
	x.logAccess()
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// logAccess writes the access record.
func (x *exchange) logAccess() {
	defer func() { _ = recover() }() // of the functions in Options, or the logger
	failed := x.a.status >= 500 || x.failed()
	if !failed && x.o.Skip(x.r) {
		return
	}
	level := x.o.Level(x.a.status)
	switch {
	case x.failed():
		level = max(level, slog.LevelError)
	case x.panicked != nil:
		level = max(level, slog.LevelWarn)
	}
	x.log(level, x.name(), 0, x.attrs()...)
}

// failed reports whether a panic ended the handler that was not meant as an
// answer.
func (x *exchange) failed() bool {
	return x.panicked != nil && x.panicked != http.ErrAbortHandler
}

// log logs without a place if pc is 0: it would be this file for every request.
// The client may be gone and ctx done; the record is not about that.
func (x *exchange) log(level slog.Level, msg string, pc uintptr, attrs ...slog.Attr) {
	ctx, h := context.WithoutCancel(x.r.Context()), x.o.logger().Handler()
	if !h.Enabled(ctx, level) {
		return
	}
	rec := slog.NewRecord(time.Now(), level, msg, pc)
	rec.AddAttrs(attrs...)
	_ = h.Handle(ctx, rec) // as slog does: handler.Options.OnError hears of it
}

// name is what OpenTelemetry calls a span of the request: of few values, so that
// records can be grouped by it.
func (x *exchange) name() string {
	if route := x.route(); route != "" {
		return x.method() + " " + route
	}
	return x.method()
}

// route is the mux's pattern without its method.
func (x *exchange) route() string {
	if _, rest, ok := strings.Cut(x.r.Pattern, " "); ok {
		return strings.TrimLeft(rest, " \t")
	}
	return x.r.Pattern
}

// method is the request's, or _OTHER: strangers can send any.
func (x *exchange) method() string {
	known := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}
	if m := cmp.Or(x.r.Method, "GET"); slices.Contains(known, m) {
		return m
	}
	return "_OTHER"
}

// attrs are the access record's.
func (x *exchange) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String(keyMethod, x.method()))
	if x.method() == "_OTHER" {
		attrs = append(attrs, slog.String(keyMethodOriginal, cut(x.r.Method, maxUserAgent)))
	}
	if route := x.route(); route != "" {
		attrs = append(attrs, slog.String(keyRoute, route))
	}
	attrs = append(attrs, slog.String(keyPath, cut(x.r.URL.Path, maxPath)))
	if x.a.status != 0 {
		attrs = append(attrs, slog.Int(keyStatus, x.a.status))
	}
	attrs = append(attrs, slog.Int64(keySize, x.a.bytes), slog.Float64(keyDuration, time.Since(x.began).Seconds()))
	if kind := x.errorType(); kind != "" {
		attrs = append(attrs, slog.String(keyErrorType, kind))
	}
	if x.o.Client {
		attrs = append(attrs, slog.String(keyClient, clientAddress(x.r.RemoteAddr)))
	}
	if x.o.UserAgent {
		attrs = append(attrs, slog.String(keyUserAgent, cut(x.r.UserAgent(), maxUserAgent)))
	}
	return append(attrs, x.q.added()...)
}

// errorType is a class of errors that the request belongs to, "" for none.
func (x *exchange) errorType() string {
	switch {
	case x.failed():
		return fmt.Sprintf("%T", x.panicked)
	case x.panicked != nil:
		return aborted
	case x.a.status >= 500:
		return strconv.Itoa(x.a.status)
	default:
		return ""
	}
}

func clientAddress(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote // a local socket's
}

// cut cuts s off after at most n bytes, not within a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
