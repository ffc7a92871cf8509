package transport

import (
	"context"
	"log/slog"
)

// warnKey is the key of the function that Warn calls.
type warnKey struct{}

// Warn says something about the way to the destination that its operators have
// to know and that is no error: a server that is not verified. The delivery
// worker that called Send, or Probe, with ctx makes a WARN record of it on its
// route, so that it arrives where the records do. Without a worker above it does
// nothing. attrs hold no secret. It may be called by many goroutines at a time.
func Warn(ctx context.Context, message string, attrs ...slog.Attr) {
	if warn, ok := ctx.Value(warnKey{}).(func(string, []slog.Attr)); ok {
		warn(message, attrs)
	}
}

// WithWarn returns a ctx in which Warn calls warn, which has to be safe for
// concurrent use and must not block. It is for those who call Send.
func WithWarn(ctx context.Context, warn func(message string, attrs []slog.Attr)) context.Context {
	return context.WithValue(ctx, warnKey{}, warn)
}
