package migrating

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// open returns a handler whose records are in the sink when a call returns.
func open(t *testing.T) (*handler.Handler, *memory.Sink) {
	t.Helper()
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true, Levels: route.AtLeast(slog.LevelInfo)}}, &handler.Options{InMemory: true, AddSource: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(context.Background()) })
	return h, sink
}

// only is the one record that has arrived, checked for what all bridges have.
func only(t *testing.T, sink *memory.Sink, level slog.Level, message string) encode.Record {
	t.Helper()
	recs := sink.Records()
	if len(recs) != 1 {
		t.Fatalf("%d records", len(recs))
	}
	if rec := recs[0]; rec.Level != level || rec.Message != message || time.Since(rec.Time).Abs() > time.Hour {
		t.Errorf("%v %q at %v", rec.Level, rec.Message, rec.Time)
	}
	return recs[0]
}

func text(rec encode.Record, path ...string) string { return memory.Attr(rec, path...).String() }

func TestZap(t *testing.T) {
	h, sink := open(t)
	logger := zap.New(&zapCore{h: h}, zap.AddCaller()).Named("db").With(zap.String("tenant", "a"))
	logger.Debug("too low")
	logger.Error("failed", zap.Int("n", 7), zap.Error(errors.New("broken")), zap.Namespace("pool"), zap.Duration("took", time.Second))
	rec := only(t, sink, slog.LevelError, "failed")
	if text(rec, "tenant") != "a" || text(rec, "n") != "7" || text(rec, "pool", "took") != "1s" || text(rec, "logger") != "db" {
		t.Errorf("attributes %v", rec.Attrs)
	}
	if e, ok := memory.Attr(rec, "error").Any().(*encode.Error); !ok || e.Message != "broken" {
		t.Errorf("the error is %v", memory.Attr(rec, "error"))
	}
	if !strings.HasSuffix(rec.Source.File, "migrating_test.go") {
		t.Errorf("source %v", rec.Source)
	}
}

func TestZerolog(t *testing.T) {
	h, sink := open(t)
	logger := zerolog.New(zerologWriter{h}).With().Timestamp().Str("tenant", "a").Logger()
	logger.Debug().Msg("too low")
	logger.Warn().Int64("n", 1<<60+1).Err(errors.New("broken")).Msg("slow")
	rec := only(t, sink, slog.LevelWarn, "slow")
	if text(rec, "tenant") != "a" || text(rec, "n") != "1152921504606846977" || text(rec, "error") != "broken" {
		t.Errorf("attributes %v", rec.Attrs)
	}
	if _, err := (zerologWriter{h}).Write([]byte("no JSON at all\n")); err != nil || len(sink.Records()) != 2 {
		t.Errorf("a line that is no JSON: %v, %q", err, sink.Messages())
	}
}

func TestLogrus(t *testing.T) {
	h, sink := open(t)
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	logger.SetReportCaller(true)
	logger.AddHook(logrusHook{h})
	logger.Debug("too low")
	ctx := handler.With(t.Context(), slog.String("request", "r1"))
	logger.WithContext(ctx).WithFields(logrus.Fields{"n": 7, "tenant": "a"}).Warn("slow")
	rec := only(t, sink, slog.LevelWarn, "slow")
	if text(rec, "tenant") != "a" || text(rec, "n") != "7" || text(rec, "request") != "r1" || !strings.HasSuffix(rec.Source.File, "migrating_test.go") {
		t.Errorf("attributes %v, source %v", rec.Attrs, rec.Source)
	}
}

func TestStdLog(t *testing.T) {
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	defer func() { slog.SetDefault(before); log.SetOutput(writer); log.SetFlags(flags) }()
	h, sink := open(t)
	restore := adoptStdLog(h)
	defer restore()
	log.Print("old")
	slog.Info("new")
	if got := sink.Messages(); len(got) != 2 || got[0] != "old" || got[1] != "new" {
		t.Errorf("arrived %q", got)
	}
}

// The routes of the guide are valid, and their handlers open and close.
func TestRoutes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody there: records would wait
	logger, h, err := newLogger(t.TempDir(), l.Addr().String())
	if err != nil || logger == nil {
		t.Fatal(err)
	}
	routed, err := newRouted(t.TempDir(), "https://127.0.0.1:1", "https://key@127.0.0.1/1")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1")
	otel, err := newOTLP(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*handler.Handler{h, routed, otel} {
		if err := h.Close(t.Context()); err != nil {
			t.Error(err) // nothing was logged
		}
	}
}
