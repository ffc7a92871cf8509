//go:build unix

package syslog_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/syslog"
)

// A daemon that comes after us, goes, and comes back with the other kind of
// socket (as when rsyslog takes over from another one): nothing that Send
// reported as failed is lost if it is sent again.
func TestDaemonChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	tr := testkit.Open(t, syslog.Destination{Addr: path})
	if err := tr.Send(t.Context(), []encode.Record{record()}); !errors.Is(err, syslog.ErrNoDaemon) {
		t.Fatalf("without a daemon: %v", err)
	}
	if err := tr.(transport.Prober).Probe(t.Context()); !errors.Is(err, syslog.ErrNoDaemon) {
		t.Fatalf("without a daemon: %v", err)
	}
	first := listenDatagrams(t, "unixgram", path)
	sent := time.Now()
	send(t, tr, record())
	first.wait(t, 1)
	held := tr.(transport.Holder).Held()
	if held != 1 && time.Since(sent) < 500*time.Millisecond { // package udp holds it that long
		t.Errorf("held %d, want 1", held)
	}
	first.stop()
	os.Remove(path)
	second := listenStream(t, "unix", path, readLines, nil)
	batch, resent := []encode.Record{record(), record()}, 0
	for range 10 {
		err := tr.Send(t.Context(), batch)
		if err == nil {
			break
		}
		resent += transport.Classify(err, len(batch)).Resend
	}
	if got := second.wait(t, 2); len(got) != 2 || resent != held {
		t.Errorf("%d messages, %d to be sent again: want 2 and %d", len(got), resent, held)
	}
}

// A path at which there is something else is a plain error.
func TestNoSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := testkit.Open(t, syslog.Destination{Addr: path}).Send(t.Context(), []encode.Record{record()})
	if out := transport.Classify(err, 1); err == nil || out.Permanent || errors.Is(err, syslog.ErrNoDaemon) {
		t.Errorf("%v", err)
	}
}

// The zero Destination opens anywhere, and says that there is no daemon if so.
func TestZero(t *testing.T) {
	tr := testkit.Open(t, syslog.Destination{})
	err := tr.(transport.Prober).Probe(t.Context())
	if err != nil && !errors.Is(err, syslog.ErrNoDaemon) {
		t.Logf("there is a socket, which does not answer: %v", err)
	}
	tr.Close()
	if err := tr.Send(t.Context(), []encode.Record{record()}); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
