package handler_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// null takes everything, as a destination that is never the bottleneck.
type null struct{}

func (null) Open() (transport.Transport, error)          { return null{}, nil }
func (null) Describe() transport.Description             { return transport.Description{Acknowledged: true} }
func (null) Send(context.Context, []encode.Record) error { return nil }
func (null) Close() error                                { return nil }

type nothing struct{}

func (nothing) Enabled(context.Context, slog.Level) bool  { return true }
func (nothing) Handle(context.Context, slog.Record) error { return nil }
func (n nothing) WithAttrs([]slog.Attr) slog.Handler      { return n }
func (n nothing) WithGroup(string) slog.Handler           { return n }

// BenchmarkCall is the call of DESIGN §6: eight attributes, three strings, two
// integers, a duration, a bool and an error.
func BenchmarkCall(b *testing.B) {
	ctx, err := context.Background(), errors.New("connection refused")
	call := func(l *slog.Logger) {
		l.LogAttrs(ctx, slog.LevelInfo, "request handled",
			slog.String("method", "GET"), slog.String("path", "/api/v1/things"), slog.String("user", "u-12345678"),
			slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("elapsed", 1234567*time.Nanosecond),
			slog.Bool("cached", true), slog.Any("err", err))
	}
	run := func(name string, h slog.Handler) {
		b.Run(name, func(b *testing.B) {
			l := slog.New(h)
			b.ReportAllocs()
			for b.Loop() {
				call(l)
			}
		})
	}
	run("nothing", nothing{})
	run("json", slog.NewJSONHandler(io.Discard, nil))
	for _, n := range []int{1, 2} {
		var routes []route.Route
		for _, name := range []string{"a", "b"}[:n] {
			routes = append(routes, route.Route{Name: name, To: null{}})
		}
		h, err := handler.New(routes, &handler.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		run([]string{"", "one", "two"}[n], h)
		h.Close(ctx)
	}
}
