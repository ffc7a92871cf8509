package tlsconfig

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
)

// dial is Handshake against a server of this configuration, and how often it
// warned.
func dial(t *testing.T, c *Client, server *tls.Config) (warned int, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = tls.Server(peer, server).Handshake() // the client's error is what counts
	}()
	defer func() { socket.Close(); peer.Close(); <-served }()
	ctx := transport.WithWarn(t.Context(), func(string, []slog.Attr) { warned++ })
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, _, err = c.Handshake(ctx, socket, "localhost")
	return warned, err
}

// S14: what is wrong with a server has a remedy in its error, and a weak key is
// wrong.
func TestS14_Remedies(t *testing.T) {
	ca, other, dir := testpki.New(t, "ours"), testpki.New(t, "theirs"), t.TempDir()
	weakRSA, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakCurve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		leaf   testpki.Leaf
		ca     *testpki.CA
		server *tls.Config
		remedy string
		is     error
	}{
		"expired":      {testpki.Leaf{NotAfter: time.Now().Add(-time.Minute)}, ca, &tls.Config{}, "valid now", nil},
		"not yet":      {testpki.Leaf{NotBefore: time.Now().Add(time.Minute)}, ca, &tls.Config{}, "valid now", nil},
		"wrong host":   {testpki.Leaf{Names: []string{"elsewhere.example", "192.0.2.1"}}, ca, &tls.Config{}, "ServerName", nil},
		"no authority": {testpki.Leaf{}, other, &tls.Config{}, "CAFile", nil},
		"weak RSA":     {testpki.Leaf{Key: weakRSA}, ca, &tls.Config{}, "2048", ErrWeakKey},
		"weak curve":   {testpki.Leaf{Key: weakCurve}, ca, &tls.Config{}, "curve", nil}, // TLS has no name for it
		"TLS 1.2 only": {testpki.Leaf{}, ca, &tls.Config{MaxVersion: tls.VersionTLS12}, "AllowTLS12", nil},
	} {
		server := c.server.Clone()
		server.Certificates = []tls.Certificate{c.ca.Pair(c.leaf)}
		_, err := dial(t, open(t, Options{CAFile: testpki.File(t, dir, "ca", ca.PEM)}), server)
		e, ok := errors.AsType[*HandshakeError](err)
		if !ok || !strings.Contains(e.Remedy, c.remedy) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// With TLS 1.2 allowed, a server without a safe suite is refused all the same.
func TestS12_DowngradedSuites(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, Options{CAFile: testpki.File(t, dir, "ca", ca.PEM), AllowTLS12: true})
	server := &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{Key: key})}, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
	}
	if e, ok := errors.AsType[*HandshakeError](second(dial(t, c, server))); !ok || !strings.Contains(e.Remedy, "ECDHE") {
		t.Errorf("got %v", e)
	}
	server.CipherSuites = append(server.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)
	if err := second(dial(t, c, server)); err != nil {
		t.Errorf("with a safe suite as well: %v", err)
	}
}

func second(_ int, err error) error { return err }

// S13: every connection whose server is not verified is told of, no other.
func TestS13_InsecureWarns(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	server := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{Names: []string{"elsewhere"}})}}
	c := open(t, Options{Insecure: AcceptAnyServer})
	for range 2 {
		if warned, err := dial(t, c, server); err != nil || warned != 1 {
			t.Errorf("warned %d times, %v", warned, err)
		}
	}
	server.Certificates = []tls.Certificate{ca.Pair(testpki.Leaf{})}
	if warned, err := dial(t, open(t, Options{CAFile: testpki.File(t, dir, "ca", ca.PEM)}), server); err != nil || warned != 0 {
		t.Errorf("a verified server: warned %d times, %v", warned, err)
	}
	if !t.Failed() {
		t.Log("S13: 2 connections to servers that were not verified, 2 warnings; 1 that was, 0")
	}
}

func TestExplainLeavesOthersAlone(t *testing.T) {
	c := open(t, Options{})
	cause := errors.New("no route")
	if c.Explain(nil) != nil || c.Explain(cause) != cause {
		t.Error("an error that is not about TLS was changed")
	}
	e := &HandshakeError{Err: cause, Remedy: "x"}
	if c.Explain(e) != error(e) || !errors.Is(e, cause) {
		t.Error("explained twice")
	}
}
