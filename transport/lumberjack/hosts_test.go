package lumberjack_test

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// A host that is off, or takes connections and breaks them, does not keep the
// records from one that works; and many senders use all hosts that do.
func TestHosts(t *testing.T) {
	off, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	off.Close()
	broken := testkit.Listen(t, func(c net.Conn) {
		c.Read(make([]byte, 1))
		c.(*net.TCPConn).SetLinger(0)
	})
	var used [2]atomic.Int64
	addrs := []string{off.Addr().String(), broken}
	for i := range used {
		addrs = append(addrs, testkit.Listen(t, func(c net.Conn) {
			used[i].Add(1)
			(&receiver{t: t}).serve(c)
		}))
	}
	for range 100 {
		tr := testkit.Open(t, lumberjack.Destination{Addrs: addrs})
		// The broken one is noticed by the first Send, and not tried by the second.
		if testkit.Send(t, tr, numbered(0, 3)) != nil {
			if err := testkit.Send(t, tr, numbered(0, 3)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// One host in four is first; with two that fail, each of the others gets a
	// quarter to three quarters. 100 senders miss one by chance in 10^12 runs.
	if used[0].Load() == 0 || used[1].Load() == 0 {
		t.Errorf("connections: %d and %d", used[0].Load(), used[1].Load())
	}
}

// With every host down the error is about the connection.
func TestAllHostsDown(t *testing.T) {
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}})
	wantAccepted(t, testkit.Send(t, tr, numbered(0, 3)), 0, 3)
	if err := tr.(transport.Prober).Probe(t.Context()); err == nil {
		t.Error("Probe returned nil")
	}
}

// TLS with both sides verified; what does not verify gets no record (S12, S14, T30).
func TestS14_TLS(t *testing.T) {
	ca, other := testpki.New(t, "ca"), testpki.New(t, "other")
	dir := t.TempDir()
	cert, key := ca.Issue(testpki.Leaf{})
	options := tlsconfig.Options{
		CAFile:   testpki.File(t, dir, "ca.pem", ca.PEM),
		CertFile: testpki.File(t, dir, "cert.pem", cert), KeyFile: testpki.File(t, dir, "key.pem", key),
	}
	stranger := options
	stranger.CAFile = testpki.File(t, dir, "other.pem", other.PEM)
	for name, c := range map[string]struct {
		options tlsconfig.Options
		leaf    testpki.Leaf
		works   bool
	}{
		"verified":              {options: options, works: true},
		"unknown authority":     {options: stranger},
		"wrong name":            {options: options, leaf: testpki.Leaf{Names: []string{"elsewhere.example"}}},
		"no client certificate": {options: tlsconfig.Options{CAFile: options.CAFile}},
	} {
		t.Run(name, func(t *testing.T) {
			var got taken
			addr := testkit.ListenTLS(t, &tls.Config{
				Certificates: []tls.Certificate{ca.Pair(c.leaf)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
			}, (&receiver{t: t, received: got.add}).serve)
			tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}, TLS: &c.options})
			err := testkit.Send(t, tr, numbered(0, 3))
			if c.works {
				if err != nil || got.String() != "[0 1 2]" {
					t.Errorf("the receiver got %v: %v", &got, err)
				}
				return
			}
			if wantAccepted(t, err, 0, 3); len(got.windowsSeen()) > 0 {
				t.Errorf("the receiver got %v", &got)
			}
		})
	}
}

// A connection that has served its lifetime is made anew between two batches,
// without a failed Send.
func TestLifetime(t *testing.T) {
	var conns atomic.Int64
	addr := testkit.Listen(t, func(c net.Conn) {
		conns.Add(1)
		(&receiver{t: t}).serve(c)
	})
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}, Lifetime: 1})
	for i := range 3 {
		if err := testkit.Send(t, tr, numbered(i, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if conns.Load() != 3 {
		t.Errorf("%d connections", conns.Load())
	}
}

// An authority that was rotated on disk is in use with the next connection; no
// record goes to a receiver that the old one does not vouch for (T30, S15).
func TestS15_RotatedAuthority(t *testing.T) {
	ca := testpki.New(t, "ca")
	dir := t.TempDir()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Serve(t, l, (&receiver{t: t}).serve)
	file := testpki.File(t, dir, "ca.pem", testpki.New(t, "old").PEM)
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{l.Addr().String()}, TLS: &tlsconfig.Options{CAFile: file}})
	wantAccepted(t, testkit.Send(t, tr, numbered(0, 1)), 0, 1)
	testpki.File(t, dir, "ca.pem", ca.PEM) // put right while the service runs
	if err := testkit.Send(t, tr, numbered(0, 1)); err != nil {
		t.Error(err)
	}
}
