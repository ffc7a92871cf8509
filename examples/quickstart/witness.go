package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
)

// witness numbers the records that pass through it and, once the log call of
// one is over, says so on the process's standard output: a pipe keeps what was
// written to it when the writer dies. So the parent knows which records
// slogship has promised to deliver, from a source that is not slogship.
//
// It is scaffolding of this demonstration; a service has no need for it.
type witness struct {
	slog.Handler
	say   *speaker
	count *atomic.Uint64 // shared by the handlers that WithAttrs makes
}

func newWitness(next slog.Handler, say *speaker, first uint64) *witness {
	w := &witness{Handler: next, say: say, count: new(atomic.Uint64)}
	w.count.Store(first - 1)
	return w
}

// Handle gives r its number and passes it on. The number is claimed before the
// call and told after it: a record whose call SIGKILL cuts short may arrive or
// not, nobody was promised anything, and the parent does not wait for it.
func (w *witness) Handle(ctx context.Context, r slog.Record) error {
	seq := w.count.Add(1)
	r.AddAttrs(slog.Uint64("seq", seq))
	err := w.Handler.Handle(ctx, r)
	// Also if err is not nil: the shop does not see the error, since slog drops
	// it, so to the shop the record is logged.
	w.say.logged(seq, r.Level)
	return err
}

// WithAttrs and WithGroup keep the witness in front. The shop opens no groups:
// one would take "seq" in with it.
func (w *witness) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &witness{Handler: w.Handler.WithAttrs(attrs), say: w.say, count: w.count}
}

func (w *witness) WithGroup(name string) slog.Handler {
	return &witness{Handler: w.Handler.WithGroup(name), say: w.say, count: w.count}
}

// speaker writes the lines that the parent reads, see process.hear. Each is one
// unbuffered write, so none is lost or cut by a kill.
type speaker struct {
	mu  sync.Mutex // held for one Write
	out io.Writer
}

func (s *speaker) listening(addr string) { s.line("listening %s\n", addr) }

func (s *speaker) logged(seq uint64, level slog.Level) { s.line("logged %d %d\n", seq, level) }

func (s *speaker) buffered(route string, bytes int64) { s.line("buffered %s %d\n", route, bytes) }

// line ignores the error of Write: the parent is gone then, and the closed
// standard input is about to tell.
func (s *speaker) line(format string, args ...any) {
	b := fmt.Appendf(nil, format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.Write(b)
}
