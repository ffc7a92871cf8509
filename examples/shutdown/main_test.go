package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/memory"
)

var errDown = errors.New("the collector is down")

// serveOne runs serve, sends it one request, ends it as a signal does, and
// returns what it printed.
func serveOne(t *testing.T, dir string, sink *memory.Sink) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, signal := context.WithCancel(t.Context())
	defer signal()
	var out bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l, dir, sink, time.Second, &out) }()

	resp, err := http.Get("http://" + l.Addr().String() + "/orders")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	signal()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestShutdownDelivers(t *testing.T) {
	sink := memory.New()
	if out := serveOne(t, t.TempDir(), sink); out != "" {
		t.Errorf("printed %q", out)
	}
	if got := sink.Messages(); len(got) != 1 {
		t.Errorf("delivered %q", got)
	}
}

// What the grace period was too short for is said, kept, and delivered by the
// next start.
func TestShutdownReportsWhatItKeeps(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	sink.Fail(errDown)
	if out := serveOne(t, dir, sink); !strings.HasPrefix(out, "route ship: 1 records (") || !strings.Contains(out, "kept on disk") {
		t.Errorf("printed %q", out)
	}
	sink.Fail(nil)
	if out := serveOne(t, dir, sink); out != "" {
		t.Errorf("the next start printed %q", out)
	}
	if got := sink.Messages(); len(got) != 2 {
		t.Errorf("delivered %q", got)
	}
}
