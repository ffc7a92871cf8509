package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/memory"
)

// The existing handler keeps its format, its attributes and its level; the
// route has its own level.
func TestWrap(t *testing.T) {
	var printed bytes.Buffer
	existing := slog.New(slog.NewTextHandler(&printed, &slog.HandlerOptions{Level: slog.LevelWarn})).With("service", "shop")
	sink := memory.New()
	log, h, err := wrap(existing, t.TempDir(), sink)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("order paid", "order", 42)
	log.With("order", 43).Warn("payment is slow")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	if got := sink.Messages(); strings.Join(got, ", ") != "order paid, payment is slow" {
		t.Errorf("shipped %q", got)
	}
	if got := memory.Attr(sink.Records()[1], "order"); got.Int64() != 43 {
		t.Errorf("shipped order %v, not 43", got)
	}
	if got := printed.String(); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, `msg="payment is slow" service=shop order=43`+"\n") {
		t.Errorf("printed %q", got)
	}
}
