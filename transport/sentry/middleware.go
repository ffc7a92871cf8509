package sentry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
)

// panicType is the type of the error that Middleware logs.
const panicType = "*sentry.panicError"

// MiddlewareOptions configure [Middleware]. The zero value of each field is its
// default.
type MiddlewareOptions struct {
	// Logger logs the panics. Default: slog.Default, asked for each panic.
	Logger *slog.Logger

	// Level is theirs. Default: FATAL (encode.LevelFatal), though the process
	// lives on: it is what Sentry shows unhandled panics as.
	Level slog.Leveler

	// Repanic panics again with the same value, once it is logged, for a recovery
	// further out (net/http's own closes the connection). Default: the answer is
	// 500 with an empty body. If a part of another answer is on its way already,
	// the connection is closed instead, so that nobody takes it for whole.
	Repanic bool

	// Trail is how many breadcrumbs a request keeps. Default: DefaultTrail;
	// negative: none.
	Trail int

	// Header reports whether a header of the request may be logged. It is asked
	// for those that hold no credential and no address of the client's by their
	// names; default: all of them.
	Header func(name string) bool
}

// Middleware returns what puts a handler in front of others that gives each
// request a trail for breadcrumbs, and logs a panic of theirs: as an error with
// the goroutine's stack, and the request as the group "request" (url without
// credentials, method, headers), from which an event takes its own, and
// "user_agent". http.ErrAbortHandler passes unlogged, as it is no fault.
//
// The record goes through every route that takes its level. It is in the buffer
// before the answer is sent.
//
// With Gin, whose own recovery answers and keeps the handlers behind from running:
//
//	report := sentry.Middleware(&sentry.MiddlewareOptions{Repanic: true})
//	router := gin.New()
//	router.Use(gin.Recovery(), func(c *gin.Context) {
//		report(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
//			c.Request = r // its ctx has the trail
//			c.Next()
//		})).ServeHTTP(c.Writer, c.Request)
//	})
//
// Echo and others whose middleware calls the next one itself are the same.
func Middleware(o *MiddlewareOptions) func(http.Handler) http.Handler {
	var m middleware
	if o != nil {
		m.MiddlewareOptions = *o
	}
	if m.Level == nil {
		m.Level = encode.LevelFatal
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) })
	}
}

type middleware struct{ MiddlewareOptions }

func (m *middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if m.Trail >= 0 {
		r = r.WithContext(WithTrail(r.Context(), m.Trail))
	}
	answer := &answer{ResponseWriter: w}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		m.log(r, p)
		m.end(answer, p)
	}()
	if m.Repanic {
		next.ServeHTTP(w, r) // nobody asks whether there is an answer
		return
	}
	next.ServeHTTP(answer, r)
}

// log runs in the deferred call, on top of the goroutine's stack, so that the
// record's stack has what panicked. A logger that panics itself must not take the
// place of the panic that it was to log.
func (m *middleware) log(r *http.Request, p any) {
	defer func() { _ = recover() }()
	logger := m.Logger
	if logger == nil {
		logger = slog.Default()
	}
	err := &panicError{value: p}
	// Not the request's cancellation: the client may be gone by now.
	ctx := context.WithoutCancel(r.Context())
	if !logger.Enabled(ctx, m.Level.Level()) {
		return
	}
	rec := slog.NewRecord(time.Now(), m.Level.Level(), cut(err.Error(), maxTag), panicPC())
	rec.AddAttrs(slog.Any("err", err), m.request(r), slog.String("user_agent", cut(r.UserAgent(), maxHeader)))
	_ = logger.Handler().Handle(ctx, rec) // as slog does: handler.Options.OnError hears of it
}

// panicPC is where the panic under way was raised, for the record's source, which
// would be this file for every panic there is. 0, none, if that cannot be told.
func panicPC() uintptr {
	var pcs [64]uintptr
	n := runtime.Callers(2, pcs[:])
	frames, below := runtime.CallersFrames(pcs[:n]), false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			below = true
		case below && !strings.HasPrefix(f.Function, "runtime."):
			return f.PC + 1 // slog takes return addresses, as Callers gives them
		}
		if !more {
			return 0
		}
	}
}

// end answers the request.
func (m *middleware) end(a *answer, p any) {
	switch {
	case m.Repanic:
		panic(p)
	case a.begun():
		panic(http.ErrAbortHandler)
	default:
		a.ResponseWriter.WriteHeader(http.StatusInternalServerError)
	}
}

// panicError is what was passed to panic.
type panicError struct{ value any }

func (e *panicError) Error() string {
	if err, ok := e.value.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic: %v", e.value)
}

// Unwrap is the value itself, if it was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
