package handler_test

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport/memory"
)

const lastWords = 10_000 // records before the end

// TestEnds is T10: os.Exit, log.Fatal and a panic that nobody recovers, right
// after a log call, without Close. All 10,000 records are delivered after the
// restart; with slog's default set, log.Fatal's own line as well.
func TestEnds(t *testing.T) {
	for _, mode := range []string{"mapped", "written"} {
		for _, c := range []struct {
			end  string
			code int
			more uint64
		}{{"exit", 7, 0}, {"fatal", 1, 1}, {"panic", 2, 0}} {
			t.Run(mode+"/"+c.end, func(t *testing.T) {
				dir := t.TempDir()
				child := childProcess("end", dir, mode, c.end)
				child.Stderr = nil // the panic's trace is not this test's
				var exit *exec.ExitError
				if err := child.Run(); !errors.As(err, &exit) || exit.ExitCode() != c.code {
					t.Fatalf("the child ended with %v, want exit status %d", err, c.code)
				}
				sink := memory.New()
				h, err := handler.NewOn(fileSystem(mode), killRoutes(sink), killOptions(dir))
				if err != nil {
					t.Fatal(err)
				}
				if err := h.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if s := sum(t, h); s.Recovered != lastWords+c.more || s.Delivered != s.Recovered {
					t.Errorf("%+v", s)
				}
				inOrder(t, sink, lastWords)
			})
		}
	}
}

// inOrder checks that a sink has the records 0 to count-1, once each and in order.
func inOrder(t *testing.T, sink *memory.Sink, count uint64) {
	t.Helper()
	var next uint64
	for _, rec := range sink.Records() {
		if memory.Attr(rec, "pad").Equal(slog.Value{}) {
			continue // not one of the numbered
		}
		n, err := numberOf(rec.Message, memory.Attr(rec, "pad"))
		if err != nil || n != next {
			t.Fatalf("record %d is there where %d should be, %v", n, next, err)
		}
		next++
	}
	if next != count {
		t.Errorf("%d of %d records arrived", next, count)
	}
}

// logAndEnd is the child. Its destination is away.
func logAndEnd(dir string) {
	sink := memory.New()
	sink.Fail(errors.New("away"))
	routes := killRoutes(sink)
	// A busy machine may take longer for a segment than a call waits by default;
	// then the record is counted as disk_stalled, which is not what is tested here.
	routes[0].Buffer.StallTimeout = time.Minute
	h, err := handler.NewOn(fileSystem(os.Getenv(envMode)), routes, killOptions(dir))
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(h))
	for n := range uint64(lastWords) {
		slog.LogAttrs(context.Background(), slog.LevelInfo, nameOf(n), padOf(n))
	}
	switch os.Getenv(envArg) {
	case "exit":
		os.Exit(7)
	case "fatal":
		log.Fatal("the last line")
	case "panic":
		panic("nobody recovers this")
	}
}
