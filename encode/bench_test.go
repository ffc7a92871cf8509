package encode_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// The eight attributes of DESIGN §6: three strings, two integers, a duration, a
// bool, an error.
func budgetAttrs(err any) []slog.Attr {
	return []slog.Attr{
		slog.String("method", "GET"),
		slog.String("path", "/api/v1/orders/8812"),
		slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
		slog.Int("status", 200),
		slog.Int("bytes", 51234),
		slog.Duration("took", 1532*time.Microsecond),
		slog.Bool("cached", true),
		slog.Any("err", err),
	}
}

func budgetRecord() *encode.Record {
	var ids encode.IDSource
	now := time.Now()
	return &encode.Record{
		ID: ids.Next(now), Time: now, Observed: now, Level: slog.LevelInfo, Message: "request served",
		Attrs: budgetAttrs(&encode.Error{Type: "*errors.errorString", Message: "upstream closed the connection"}),
	}
}

func withResource(rec *encode.Record) *encode.Record {
	rec.Resource = &encode.Resource{Service: "shop", Version: "1.4.2", Environment: "production", Host: "node-17", PID: 4711}
	return rec
}

func benchEncoder(b *testing.B, enc encode.Encoder, rec *encode.Record) {
	buf, _ := enc.AppendRecord(nil, rec)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = enc.AppendRecord(buf[:0], rec)
	}
}

func BenchmarkJSONLines(b *testing.B) {
	custom := encode.JSONLines{Keys: encode.Keys{Message: "message", Time: "ts"}}
	escaped := budgetRecord()
	escaped.Attrs[1] = slog.String("path", "C:\\orders\n\"8812\" – größer als früher, 東京都")
	b.Run("slog", func(b *testing.B) { benchSlog(b) })
	b.Run("budget", func(b *testing.B) { benchEncoder(b, encode.JSONLines{}, budgetRecord()) })
	b.Run("error=message", func(b *testing.B) {
		benchEncoder(b, encode.JSONLines{Errors: encode.ErrorMessage}, budgetRecord())
	})
	b.Run("resource", func(b *testing.B) { benchEncoder(b, encode.JSONLines{}, withResource(budgetRecord())) })
	b.Run("keys", func(b *testing.B) { benchEncoder(b, custom, budgetRecord()) })
	b.Run("escaped", func(b *testing.B) { benchEncoder(b, encode.JSONLines{}, escaped) })
}

// The other formats with the record of the budget, and who logged it, beside
// JSONLines with the same.
func BenchmarkEncoders(b *testing.B) {
	for name, enc := range map[string]encode.Encoder{
		"jsonlines": encode.JSONLines{}, "logfmt": encode.Logfmt{}, "text": encode.Text{Resource: true},
		"ecs": encode.ECS{}, "labels": encode.ECS{Labels: true}, "gelf": encode.GELF{}, "pickle": encode.Pickle{}, "protobuf": encode.Protobuf{},
	} {
		b.Run(name, func(b *testing.B) { benchEncoder(b, enc, withResource(budgetRecord())) })
	}
}

// benchSlog is the peer of the budget: slog's own handler with the same record.
func benchSlog(b *testing.B) {
	h := slog.NewJSONHandler(io.Discard, nil)
	rec := slog.NewRecord(time.Now(), slog.LevelInfo, "request served", 0)
	rec.AddAttrs(budgetAttrs(errors.New("upstream closed the connection"))...)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		h.Handle(ctx, rec)
	}
}

func BenchmarkIDSource(b *testing.B) {
	var ids encode.IDSource
	now := time.Now()
	b.Run("next", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ids.Next(now)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ids.Next(now)
			}
		})
	})
}
