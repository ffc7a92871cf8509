package handler

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"slices"
	"time"
)

// throughLog reports whether h is slog's own first handler, which writes through
// the log package. Its type has no other mark than its name.
func throughLog(h slog.Handler) bool { return fmt.Sprintf("%T", h) == "*slog.defaultHandler" }

// besideLog returns next, or for slog's own first handler one that writes the
// same lines to where the log package writes them now, with its flags and prefix
// of now.
//
// As Options.Next it would hang the process: slog.SetDefault(slog.New(h)) makes
// h the log package's output, so each record would come back from Next to h
// while the log package's lock is held, which Next then waits for. slog watches
// for that in SetDefault, but can't see through a handler that wraps its own.
func besideLog(next slog.Handler) slog.Handler {
	if next == nil || !throughLog(next) {
		return next
	}
	// The file and line, if the flags ask for them, would be this file's.
	flags := log.Flags() &^ (log.Lshortfile | log.Llongfile)
	return &logHandler{own: next, out: log.New(log.Writer(), log.Prefix(), flags)}
}

// logHandler writes lines as slog's own first handler does, through a log.Logger
// of its own.
type logHandler struct {
	own slog.Handler // slog's, for the level that slog.SetLogLoggerLevel sets
	out *log.Logger
	// with are the With calls so far, done again for each record: a text handler
	// that is kept would have one place to write to for all, and a lock around it
	// while it calls the LogValuers of the caller, who may log.
	with []func(slog.Handler) slog.Handler
}

func (l *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return l.own.Enabled(ctx, level) // takes no lock of the log package's
}

func (l *logHandler) Handle(ctx context.Context, r slog.Record) error {
	var line bytes.Buffer
	line.WriteString(r.Level.String() + " " + r.Message)
	head := line.Len()
	line.WriteByte(' ')
	var text slog.Handler = slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: noBuiltIns, Level: r.Level})
	for _, with := range l.with {
		text = with(text)
	}
	rest := slog.NewRecord(time.Time{}, 0, "", 0)
	r.Attrs(func(a slog.Attr) bool {
		rest.AddAttrs(a)
		return true
	})
	if err := text.Handle(ctx, rest); err != nil {
		return err
	}
	if line.Len() == head+2 { // no attributes: a space and a line's end
		line.Truncate(head)
	}
	return l.out.Output(0, line.String())
}

// noBuiltIns leaves out what a text handler writes of a record without a time
// and a message: its level and its message.
func noBuiltIns(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.LevelKey && a.Value.Any() == slog.Level(0) || a.Key == slog.MessageKey && a.Value.Equal(slog.StringValue(""))) {
		return slog.Attr{}
	}
	return a
}

func (l *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return l.then(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

func (l *logHandler) WithGroup(name string) slog.Handler {
	return l.then(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (l *logHandler) then(with func(slog.Handler) slog.Handler) slog.Handler {
	return &logHandler{own: l.own, out: l.out, with: append(slices.Clip(l.with), with)}
}
