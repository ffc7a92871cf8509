package handler

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"
)

// RedirectStdLog makes h the output of the old log package: what log.Print and
// its kin write becomes a record of level, with the place of their caller as its
// source. restore puts back what was there before, unless somebody else has set
// another output meanwhile; it may be called more than once.
//
// The flags' part of each line (date, time, file) is removed, as the record has
// them, also when the program sets flags later; a prefix becomes the attribute
// "prefix". A line that log.Fatal writes is in the route's buffer before the
// process ends.
//
// slog.SetDefault redirects the log package too, without source, at INFO and
// with the prefix in the message; called before RedirectStdLog, it is undone in
// that respect, and called after it wins. slog's own first handler
// (slog.Default().Handler() before any SetDefault) writes through the log
// package, so it can't be its output: for it RedirectStdLog does nothing.
//
// The log package holds its lock while it writes. So nothing that h calls
// (OnError, ReplaceAttr, a LogValuer, a matcher) may log through it: that would
// wait for itself.
func RedirectStdLog(h slog.Handler, level slog.Leveler) (restore func()) {
	if throughLog(h) {
		return func() {}
	}
	w := &logWriter{h: h, level: level}
	before, flags := log.Writer(), log.Flags()
	log.SetOutput(w)
	log.SetFlags(flags & log.Lmsgprefix) // the rest would be written to be removed
	return sync.OnceFunc(func() {
		if log.Writer() == w {
			log.SetOutput(before)
			log.SetFlags(flags)
		}
	})
}

// logWriter makes records of log lines. The log package calls Write for one
// line at a time, on the goroutine that logs.
type logWriter struct {
	h     slog.Handler
	level slog.Leveler
}

// Write handles line, with its final newline, as one record.
func (w *logWriter) Write(line []byte) (int, error) {
	ctx, level := context.Background(), w.level.Level()
	if !w.h.Enabled(ctx, level) {
		return len(line), nil
	}
	// The flags were looked at by the log package a moment ago. Should they have
	// changed since, a header too many stays in the message, and no more.
	message, prefix := cutHeader(string(bytes.TrimSuffix(line, []byte{'\n'})), log.Flags(), log.Prefix())
	r := slog.NewRecord(time.Now(), level, message, logCaller())
	if prefix = strings.TrimSpace(prefix); prefix != "" {
		r.AddAttrs(slog.String("prefix", prefix))
	}
	return len(line), w.h.Handle(ctx, r)
}

// maxLogFrames bounds how deep the log package is searched for its caller.
const maxLogFrames = 16

// logCaller returns the PC of the call into the log package, 0 if there is none.
// How many of its own frames lie between differs from function to function, so
// they are counted by name; and the PC is asked for with that count, as one
// taken from the list would be wrong for a call that was inlined.
func logCaller() uintptr {
	var pcs [maxLogFrames]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for skip, inside := 1, false; ; skip++ {
		f, more := frames.Next()
		ours := strings.HasPrefix(f.Function, "log.")
		if inside && !ours {
			runtime.Callers(skip, pcs[:1])
			return pcs[0]
		}
		if inside = ours; !more {
			return 0
		}
	}
}

// cutHeader cuts off what the log package's flags and prefix have put before a
// message. What does not look as they say is left as it is.
func cutHeader(line string, flags int, prefix string) (message, before string) {
	rest := line
	atMessage := flags&log.Lmsgprefix != 0
	if !atMessage {
		rest, before = cutPrefix(rest, prefix)
	}
	for _, shape := range headerShapes(flags) {
		rest = cutShape(rest, shape)
	}
	if flags&(log.Lshortfile|log.Llongfile) != 0 {
		rest = cutFile(rest)
	}
	if atMessage {
		rest, before = cutPrefix(rest, prefix)
	}
	return rest, before
}

func cutPrefix(s, prefix string) (rest, cut string) {
	if rest, ok := strings.CutPrefix(s, prefix); ok {
		return rest, prefix
	}
	return s, ""
}

// headerShapes are the shapes of date and time, a 0 standing for any digit.
func headerShapes(flags int) []string {
	var shapes []string
	if flags&log.Ldate != 0 {
		shapes = append(shapes, "0000/00/00 ")
	}
	switch {
	case flags&log.Lmicroseconds != 0:
		shapes = append(shapes, "00:00:00.000000 ")
	case flags&log.Ltime != 0:
		shapes = append(shapes, "00:00:00 ")
	}
	return shapes
}

// cutShape cuts off what looks like shape.
func cutShape(s, shape string) string {
	if len(s) < len(shape) {
		return s
	}
	for i := range len(shape) {
		digit := s[i] >= '0' && s[i] <= '9'
		if shape[i] == '0' && !digit || shape[i] != '0' && shape[i] != s[i] {
			return s
		}
	}
	return s[len(shape):]
}

// cutFile cuts off "file:line: ".
func cutFile(s string) string {
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, ":")
		if !ok {
			return s
		}
		if text := strings.TrimLeft(after, "0123456789"); len(text) < len(after) && strings.HasPrefix(text, ": ") {
			return text[2:]
		}
		rest = after
	}
}
