package grpc

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// sendTo opens d at a Receiver with that TLS, and returns the sender.
func sendTo(t *testing.T, d Destination, server *tls.Config) *sender {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReceiver(func(context.Context, []encode.Record) error { return nil }, &ReceiverOptions{TLS: server})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = r.Serve(l) }()
	t.Cleanup(func() { _ = r.Stop(context.Background()); <-served })
	d.Addr = l.Addr().String()
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr.(*sender)
}

func sendOne(t *testing.T, s *sender) *session {
	t.Helper()
	if err := s.Send(t.Context(), []encode.Record{typical(1)}); err != nil {
		t.Fatal(err)
	}
	return s.current.Load()
}

// S15: one connection and one stream serve all Sends, until a file is replaced;
// then the next Send has new ones.
func TestSessionIsReused(t *testing.T) {
	ca, dir := testpki.New(t, "authority"), t.TempDir()
	file := testpki.File(t, dir, "ca.pem", ca.PEM)
	s := sendTo(t, Destination{TLS: &tlsconfig.Options{CAFile: file}}, &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
	first := sendOne(t, s)
	for range 5 {
		if sendOne(t, s) != first {
			t.Fatal("another session, with nothing changed")
		}
	}
	testpki.File(t, dir, "ca.pem", append(testpki.New(t, "new authority").PEM, ca.PEM...))
	s.tls.Config("") // looks at the files at once, as another connection's would
	second := sendOne(t, s)
	if second == first {
		t.Error("the same session, with a new list of authorities")
	}
	if sendOne(t, s) != second {
		t.Error("a third session, with nothing changed since the second")
	}
	if first.window.ended() == nil {
		t.Error("the first session was left open")
	}
}

// A session that has come of age is replaced when it is idle.
func TestLifetime(t *testing.T) {
	s := sendTo(t, Destination{Lifetime: time.Hour}, nil)
	first := sendOne(t, s)
	if s.due(first) {
		t.Error("due at once")
	}
	first.opened = time.Now().Add(-time.Hour)
	if sendOne(t, s) == first {
		t.Error("used for longer than Lifetime")
	}
}

// T28: the receiver goes while nothing is sent, and another comes. The next Send
// knows that, and is not spent on a connection that is gone.
func TestBrokenWhileIdle(t *testing.T) {
	handle := func(context.Context, []encode.Record) error { return nil }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	tr, err := (Destination{Addr: addr}).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for range 3 {
		r, err := NewReceiver(handle, nil)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() { defer close(served); _ = r.Serve(l) }()
		s := sendOne(t, tr.(*sender))
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-served
		<-s.done // the end is noticed without a Send
		if l, err = net.Listen("tcp", addr); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
}
