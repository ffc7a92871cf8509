package tlsconfig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testpki"
)

// handshake runs a handshake over loopback and returns what the client and the
// server say of it. (Over net.Pipe, which has no buffer, the two would wait for
// each other when both have an alert to write.)
func handshake(t *testing.T, client, server *tls.Config) (state tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return state, err, err
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return state, err, err
	}
	b, err := l.Accept()
	if err != nil {
		return state, err, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := tls.Server(b, server)
	served := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(ctx)
		if err == nil {
			state = s.ConnectionState()
			_, err = s.Write([]byte{1})
		}
		b.Close()
		served <- err
	}()
	c := tls.Client(a, client)
	if clientErr = c.HandshakeContext(ctx); clientErr == nil {
		// With TLS 1.3 the client is done before the server has looked at the
		// client's certificate: a byte from the server says that it has.
		_, clientErr = c.Read(make([]byte, 1))
	}
	a.Close()
	return state, clientErr, <-served
}

func open(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := o.Client()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The server's side of what a client must refuse (S12, S14, T30).
func TestS14_ServersThatAreRefused(t *testing.T) {
	ca, other := testpki.New(t, "ours"), testpki.New(t, "theirs")
	o := Options{CAFile: testpki.File(t, t.TempDir(), "ca", ca.PEM)}
	old := func(v uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, MaxVersion: v, MinVersion: v}
	}
	with := func(ca *testpki.CA, leaf testpki.Leaf) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.Pair(leaf)}}
	}
	lowered := o
	lowered.AllowTLS12 = true
	weak := old(tls.VersionTLS12)
	weak.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA} // the certificate is ECDSA
	refused, bad := 0, 0
	named := o
	named.ServerName = "elsewhere.example"
	for _, c := range []struct {
		name   string
		o      Options
		server *tls.Config
		ok     bool
	}{
		{"good", o, with(ca, testpki.Leaf{}), true},
		{"unknown authority", o, with(other, testpki.Leaf{}), false},
		{"wrong name", o, with(ca, testpki.Leaf{Names: []string{"elsewhere.example"}}), false},
		{"expired", o, with(ca, testpki.Leaf{NotAfter: time.Now().Add(-time.Minute)}), false},
		{"not yet valid", o, with(ca, testpki.Leaf{NotBefore: time.Now().Add(time.Minute)}), false},
		{"TLS 1.2", o, old(tls.VersionTLS12), false},
		{"TLS 1.2, allowed", lowered, old(tls.VersionTLS12), true},
		{"TLS 1.1, with 1.2 allowed", lowered, old(tls.VersionTLS11), false},
		{"TLS 1.2 with a CBC suite", lowered, weak, false},
		{"ServerName given, certificate for it", named, with(ca, testpki.Leaf{Names: []string{"elsewhere.example"}}), true},
		{"ServerName given, certificate for the host", named, with(ca, testpki.Leaf{}), false},
		{"system authorities", Options{}, with(ca, testpki.Leaf{}), false},
		{"insecure by name", Options{Insecure: AcceptAnyServer}, with(other, testpki.Leaf{Names: []string{"x"}}), true},
		{"RootCAs in Config", Options{Config: &tls.Config{RootCAs: ca.Pool()}}, with(ca, testpki.Leaf{}), true},
		{"CAFile before RootCAs", Options{CAFile: o.CAFile, Config: &tls.Config{RootCAs: other.Pool()}}, with(other, testpki.Leaf{}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err, _ := handshake(t, open(t, c.o).Config("127.0.0.1"), c.server)
			if (err == nil) != c.ok {
				t.Errorf("handshake: %v, want success: %v", err, c.ok)
			}
			if !c.ok && err != nil {
				refused++
			}
			if !c.ok {
				bad++
			}
		})
	}
	t.Logf("S14: %d of %d refused", refused, bad)
}

// What is less safe than it looks is refused when it is opened (S12, S13).
func TestS12_OptionsThatAreRefused(t *testing.T) {
	ca := testpki.New(t, "ours")
	dir, tried := t.TempDir(), 0
	cert, key := ca.Issue(testpki.Leaf{})
	certFile, keyFile := testpki.File(t, dir, "cert", cert), testpki.File(t, dir, "key", key)
	for _, c := range []struct {
		name string
		o    Options
		want error // nil: any
	}{
		{"certificate alone", Options{CertFile: certFile}, ErrPair},
		{"key alone", Options{KeyFile: keyFile}, ErrPair},
		{"old by Config", Options{Config: &tls.Config{MinVersion: tls.VersionTLS12}}, ErrOldTLS},
		{"capped by Config", Options{Config: &tls.Config{MaxVersion: tls.VersionTLS12}}, ErrOldTLS},
		{"older than 1.2", Options{AllowTLS12: true, Config: &tls.Config{MinVersion: tls.VersionTLS10}}, ErrOldTLS},
		{"skip verify by Config", Options{Config: &tls.Config{InsecureSkipVerify: true}}, ErrInsecure},
		{"insecure by a stray word", Options{Insecure: "true"}, ErrInsecure},
		{"no such file", Options{CAFile: certFile + "x"}, nil},
		{"no certificate in it", Options{CAFile: keyFile}, ErrPEM},
		{"a pair that does not fit", Options{CertFile: testpki.File(t, dir, "ca", ca.PEM), KeyFile: keyFile}, nil},
	} {
		client, err := c.o.Client()
		if err == nil || client != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		tried++
	}
	if !t.Failed() {
		t.Logf("S12: %d of %d unsafe options refused", tried, tried)
	}
	// Verification of one's own is not skipping it.
	own := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { return nil }}
	open(t, Options{Config: own})
	open(t, Options{AllowTLS12: true, Config: &tls.Config{MinVersion: tls.VersionTLS12}})
	if c, err := (*Options)(nil).Client(); err != nil || c.Config("h").MinVersion != tls.VersionTLS13 {
		t.Errorf("nil Options: %v", err)
	}
}

// Config clones: neither the user's Config nor one connection's is shared.
func TestConfigIsTheCallers(t *testing.T) {
	base := &tls.Config{NextProtos: []string{"h2"}}
	c := open(t, Options{Config: base})
	first := c.Config("a")
	first.NextProtos = nil
	first.InsecureSkipVerify = true
	second := c.Config("b")
	if second.InsecureSkipVerify || len(second.NextProtos) != 1 || second.ServerName != "b" || first.ServerName != "a" {
		t.Errorf("configurations are mixed up: %+v", second)
	}
	if base.MinVersion != 0 || base.ServerName != "" {
		t.Errorf("the caller's Config was changed")
	}
}

// A destination is configuration that programs print and store; the Config in
// it may hold private keys (S10).
func TestS10_OptionsAsJSONHoldNoKeys(t *testing.T) {
	ca := testpki.New(t, "ours")
	o := Options{Config: &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil || fields["Config"] != nil {
		t.Errorf("%s, %v", text, err)
	}
}

// presented returns the client certificate that the server got.
func presented(t *testing.T, client *tls.Config, server *tls.Config) *x509.Certificate {
	t.Helper()
	state, clientErr, serverErr := handshake(t, client, server)
	if clientErr != nil || serverErr != nil {
		t.Fatalf("handshake: client %v, server %v", clientErr, serverErr)
	}
	return state.PeerCertificates[0]
}
