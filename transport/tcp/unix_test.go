//go:build unix

package tcp_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/transporttest"
)

// The contract over a stream socket of this machine, by newline framing.
func TestConformanceLocal(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			path := filepath.Join(t.TempDir(), "s")
			listenLocal(t, path, func(c net.Conn) {
				readFrames(c, tcp.Newline, func(frame []byte) { p.Received(string(frame)) })
			})
			return tcp.Destination{Network: "unix", Addr: path, CloseTimeout: 200 * time.Millisecond}
		},
		Message:     testkit.JSONMessage,
		Unreachable: tcp.Destination{Network: "unix", Addr: filepath.Join(t.TempDir(), "none")},
		Invalid: []transport.Destination{
			tcp.Destination{Network: "unix"},
			tcp.Destination{Network: "unix", Addr: "/dev/log", FastOpen: true},
		},
	})
}

// listenLocal hands each connection to handle until the test ends. All is
// cleaned up at once, after what the suite registers later: a handler may wait
// for that.
func listenLocal(t testing.TB, path string, handle func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	conns := make(chan net.Conn, 100)
	handlers.Go(func() {
		defer close(conns)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
			handlers.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		for c := range conns {
			c.Close()
		}
		handlers.Wait()
	})
}

// What a daemon had not read when it died goes again to the next one.
func TestLocalResend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := (tcp.Destination{Network: "unix", Addr: path}).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := tr.Send(t.Context(), []encode.Record{{Message: "a"}, {Message: "b"}}); err != nil {
		t.Fatal(err)
	}
	if held := tr.(transport.Holder).Held(); held != 2 {
		t.Fatalf("held %d", held)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	l.Close()
	os.Remove(path)
	if n := transport.Classify(tr.Send(t.Context(), []encode.Record{{Message: "c"}}), 1).Resend; n != 2 {
		t.Errorf("%d records go again, want 2", n)
	}
}
