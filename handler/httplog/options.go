package httplog

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/slogship/slogship/encode"
)

// Options configure [Middleware]. The zero value of each field is its default.
// The functions are called by many goroutines at a time.
type Options struct {
	// Logger gets the access records and the panics. Default: slog.Default, asked
	// for each request.
	Logger *slog.Logger

	// Skip reports whether a request gets no access record, as a health check
	// (see Paths). It gets one all the same if it fails with 500 or above. Default:
	// every request gets one.
	Skip func(*http.Request) bool

	// Level is an access record's, by the answer's status. Default: ERROR from 500
	// up, WARN from 400 up, else INFO. An answer that was aborted is WARN.
	Level func(status int) slog.Level

	// Client adds the client's address: that of the connection, never one that a
	// header claims. Default: none, as it is personal data.
	Client bool

	// UserAgent adds what the client says it is. Default: none.
	UserAgent bool

	// Edge says that requests come from strangers: their ids and traces are not
	// believed but made anew. Default: those that are well formed are taken over.
	Edge bool

	// Sampled says whether a trace that begins here is sampled. Others keep what
	// they came with. Default: it is, since services further on that follow this
	// flag would drop their part of it otherwise.
	Sampled func(*http.Request) bool

	// Trace finds the trace that another middleware has put into the request's
	// ctx before this one, as OpenTelemetry's does (FromContext of package
	// transport/otlp/oteltrace). If there is one it is used as it is and passed on
	// by that middleware. Default: none.
	Trace func(context.Context) encode.Trace
}

// withDefaults returns a copy of o. It is the only place that knows a default.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Skip == nil {
		c.Skip = func(*http.Request) bool { return false }
	}
	if c.Level == nil {
		c.Level = levelOf
	}
	if c.Sampled == nil {
		c.Sampled = func(*http.Request) bool { return true }
	}
	if c.Trace == nil {
		c.Trace = func(context.Context) encode.Trace { return encode.Trace{} }
	}
	return c
}

func (o *Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

func levelOf(status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case status >= 400:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// Paths is a Skip for requests to one of paths, whatever their method.
func Paths(paths ...string) func(*http.Request) bool {
	paths = slices.Clone(paths)
	return func(r *http.Request) bool { return slices.Contains(paths, r.URL.Path) }
}
