package handler_test

import (
	"context"
	"log/slog"
	"runtime"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

type valuer func() slog.Value

func (v valuer) LogValue() slog.Value { return v() }

type text func() string

func (f text) MarshalText() ([]byte, error) { return []byte(f()), nil }
func (f text) String() string               { return f() }
func (f text) Error() string                { return f() }

// callbacks are the places where a log call runs the user's code, each as
// options and attributes that call what.
func callbacks(what func()) map[string]struct {
	o     handler.Options
	match route.Matcher
	attrs []slog.Attr
} {
	type callback = struct {
		o     handler.Options
		match route.Matcher
		attrs []slog.Attr
	}
	text := text(func() string { what(); return "" })
	value := valuer(func() slog.Value { what(); return slog.Value{} })
	one := func(v any) []slog.Attr { return []slog.Attr{slog.Any("boom", v)} }
	return map[string]callback{
		"LogValuer":     {attrs: one(value)},
		"in a group":    {attrs: []slog.Attr{slog.Group("g", slog.Any("boom", value))}},
		"Error":         {attrs: one(error(text))},
		"MarshalText":   {attrs: one(text)},
		"ReplaceAttr":   {attrs: one(1), o: handler.Options{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { what(); return a }}},
		"Context":       {o: handler.Options{Context: []func(context.Context) []slog.Attr{func(context.Context) []slog.Attr { what(); return nil }}}},
		"Trace":         {o: handler.Options{Trace: func(context.Context) encode.Trace { what(); return encode.Trace{} }}},
		"Matcher":       {match: matcher(what)},
		"Next's Handle": {o: handler.Options{Next: next(what)}},
	}
}

type matcher func()

func (m matcher) Match(route.Subject) bool { m(); return true }

// next is a handler that the service has already.
type next func()

func (next) Enabled(context.Context, slog.Level) bool    { return true }
func (n next) Handle(context.Context, slog.Record) error { n(); return nil }
func (n next) WithAttrs([]slog.Attr) slog.Handler        { return n }
func (n next) WithGroup(string) slog.Handler             { return n }

// TestUserCodeEndsTheCall is T9: a panic or runtime.Goexit inside everything
// that a log call runs of the user's. At most that record is affected, and the
// next 1,000 are delivered, 1,000.
func TestUserCodeEndsTheCall(t *testing.T) {
	for how, end := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		armed, ran := false, false // one goroutine at a time logs
		for name, c := range callbacks(func() {
			if armed {
				ran = true
				end()
			}
		}) {
			for _, mode := range []string{"mapped", "written"} {
				t.Run(how+"/"+name+"/"+mode, func(t *testing.T) {
					sink := memory.New()
					c.o.Dir, c.o.OnError = t.TempDir(), func(error) {}
					h, err := handler.NewOn(fileSystem(mode), patiently(route.Route{Name: "test", To: sink, Match: c.match}), &c.o)
					if err != nil {
						t.Fatal(err)
					}
					armed, ran = true, false
					ended := make(chan bool)
					go func() {
						defer close(ended)
						defer func() { _ = recover() }() // Next is the user's own
						slog.New(h).LogAttrs(t.Context(), slog.LevelInfo, "affected", c.attrs...)
					}()
					<-ended
					armed = false
					if !ran {
						t.Fatal("the user's code was not called")
					}
					for n := range uint64(1000) {
						slog.New(h).LogAttrs(t.Context(), slog.LevelInfo, nameOf(n), padOf(n))
					}
					if err := h.Close(t.Context()); err != nil {
						t.Error(err)
					}
					if s := sum(t, h); s.Delivered < 1000 || how == "panic" && s.Delivered != 1001 {
						t.Errorf("%+v", s)
					}
					inOrder(t, sink, 1000)
				})
			}
		}
	}
}
