package relp_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// listenTLS is listen with TLS; clients need a certificate of ca's.
func listenTLS(t *testing.T, ca *testpki.CA, leaf testpki.Leaf, newest uint16, handle func(net.Conn)) (addr string) {
	t.Helper()
	return testkit.ListenTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(leaf)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MaxVersion: newest,
	}, handle)
}

// RELP inside TLS, both sides verified; what does not verify gets no record
// (S12, S14, T30).
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
	anonymous := tlsconfig.Options{CAFile: options.CAFile}
	old := options
	old.AllowTLS12 = true
	for name, c := range map[string]struct {
		options tlsconfig.Options
		leaf    testpki.Leaf
		newest  uint16
		works   bool
	}{
		"verified":              {options: options, works: true},
		"unknown authority":     {options: stranger},
		"wrong name":            {options: options, leaf: testpki.Leaf{Names: []string{"elsewhere.example"}}},
		"no client certificate": {options: anonymous},
		"TLS 1.2":               {options: options, newest: tls.VersionTLS12},
		"TLS 1.2 allowed":       {options: old, newest: tls.VersionTLS12, works: true},
	} {
		t.Run(name, func(t *testing.T) {
			var seen log
			addr := listenTLS(t, ca, c.leaf, c.newest, (&receiver{t: t, received: seen.add}).serve)
			tr := open(t, relp.Destination{Addr: addr, TLS: &c.options})
			err := testkit.Send(t, tr, numbered(300))
			if c.works {
				if err != nil || len(seen.all()) != 300 {
					t.Errorf("%d records came: %v", len(seen.all()), err)
				}
				return
			}
			if out := transport.Classify(err, 300); err == nil || out.Permanent || len(seen.all()) > 0 {
				t.Errorf("want a plain error, got %v; %d records came", err, len(seen.all()))
			}
		})
	}
}

// A client certificate that was rotated on disk is in use with the next session,
// which begins without a failed Send (T30, S15).
func TestS15_RotatedCertificate(t *testing.T) {
	ca := testpki.New(t, "ca")
	dir := t.TempDir()
	write := func(name string) {
		cert, key := ca.Issue(testpki.Leaf{Names: []string{name}})
		testpki.File(t, dir, "key.pem", key)
		testpki.File(t, dir, "cert.pem", cert)
	}
	write("first.example")
	names := make(chan string, 4)
	addr := listenTLS(t, ca, testpki.Leaf{}, 0, func(c net.Conn) {
		conn := c.(*tls.Conn)
		if conn.Handshake() == nil {
			names <- conn.ConnectionState().PeerCertificates[0].DNSNames[0]
		}
		(&receiver{t: t}).serve(c)
	})
	tr := open(t, relp.Destination{Addr: addr, Lifetime: 1, TLS: &tlsconfig.Options{
		CAFile: testpki.File(t, dir, "ca.pem", ca.PEM), CertFile: dir + "/cert.pem", KeyFile: dir + "/key.pem",
	}})
	for _, name := range []string{"first.example", "second.example"} {
		write(name)
		if err := testkit.Send(t, tr, numbered(2)); err != nil {
			t.Fatal(err)
		}
		if got := <-names; got != name {
			t.Errorf("the certificate is for %q, want %q", got, name)
		}
	}
}
