package benchmarks

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// Attrs are the eight attributes that all budgets are about: three strings,
// two integers, a duration, a bool, an error.
func Attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("method", "GET"), slog.String("path", "/api/v1/orders/8812"),
		slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
		slog.Int("status", 200), slog.Int("bytes", 51234),
		slog.Duration("took", 1532*time.Microsecond), slog.Bool("cached", true),
		slog.Any("err", errors.New("upstream closed the connection")),
	}
}

// SlogRecord is the record as a slog handler gets it.
func SlogRecord() slog.Record {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request served", 0)
	r.AddAttrs(Attrs()...)
	return r
}

// Record is the same record on its way out.
func Record() *encode.Record {
	var ids encode.IDSource
	now := time.Now()
	attrs := Attrs()
	attrs[7] = slog.Any("err", &encode.Error{Type: "*errors.errorString", Message: "upstream closed the connection"})
	return &encode.Record{ID: ids.Next(now), Time: now, Observed: now, Message: "request served", Attrs: attrs}
}

// Nothing is a slog handler that does nothing, the floor of every slog call.
type Nothing struct{}

func (Nothing) Enabled(context.Context, slog.Level) bool  { return true }
func (Nothing) Handle(context.Context, slog.Record) error { return nil }
func (n Nothing) WithAttrs([]slog.Attr) slog.Handler      { return n }
func (n Nothing) WithGroup(string) slog.Handler           { return n }
