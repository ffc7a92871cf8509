package tcp_test

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Nothing is written but TLS's handshake.
func TestCheck(t *testing.T) {
	var bytes atomic.Int64
	count := func(c net.Conn) {
		n, _ := io.Copy(io.Discard, c)
		bytes.Add(n)
	}
	ca := testpki.New(t, "ours")
	caFile := testpki.File(t, t.TempDir(), "ca", ca.PEM)
	secure := testkit.ListenTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}, count)
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		name string
		dest tcp.Destination
		want string
	}{
		{"up", tcp.Destination{Addr: testkit.Listen(t, count)}, "name ok, connect ok"},
		{"down", tcp.Destination{Addr: testkit.Closed(t)}, "name ok, connect failed"},
		{"TLS", tcp.Destination{Addr: secure, TLS: &tlsconfig.Options{CAFile: caFile}}, "name ok, connect ok, tls ok, certificate ok"},
		{"TLS of a stranger", tcp.Destination{Addr: secure, TLS: &tlsconfig.Options{}}, "name ok, connect ok, tls failed"},
		{"no socket", tcp.Destination{Network: "unix", Addr: path}, "socket failed"},
	} {
		if found, got := testkit.Check(t, c.dest); got != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, got, c.want, found)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Serve(t, l, count)
	if found, got := testkit.Check(t, tcp.Destination{Network: "unix", Addr: path}); got != "socket ok" {
		t.Errorf("socket: %v", found)
	}
	if n := bytes.Load(); n != 0 {
		t.Errorf("%d bytes were written", n)
	}
}
