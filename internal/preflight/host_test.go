package preflight

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func host(t *testing.T, addr string, resolver *net.Resolver, o *tlsconfig.Options) *Host {
	t.Helper()
	name, err := hostaddr.Parse("tcp", addr, resolver)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Name: name}
	if o != nil {
		if h.TLS, err = o.Client(); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// want is a finding: its step, its verdict, and parts of what is found and
// advised.
type want struct {
	check   string
	verdict transport.Verdict
	parts   []string
}

func compare(t *testing.T, name string, found []transport.Finding, wants []want) {
	t.Helper()
	if len(found) != len(wants) {
		t.Errorf("%s: %d findings, want %d: %v", name, len(found), len(wants), found)
		return
	}
	for i, w := range wants {
		f := found[i]
		if f.Check != w.check || f.Verdict != w.verdict {
			t.Errorf("%s: %v, want %s %v", name, f, w.check, w.verdict)
		}
		for _, part := range w.parts {
			if !strings.Contains(f.Found+"|"+f.Remedy, part) {
				t.Errorf("%s: %v does not say %q", name, f, part)
			}
		}
		if (f.Verdict == transport.Failed) != (f.Err != nil) || (f.Verdict == transport.Failed) && f.Remedy == "" {
			t.Errorf("%s: %v has the error %v", name, f, f.Err)
		}
	}
}

// patience bounds what takes milliseconds on a machine that has nothing else to
// do.
const patience = 30 * time.Second

func mute(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// Names and connections, each broken in its way.
func TestNameAndConnect(t *testing.T) {
	up := testkit.Listen(t, mute)
	_, port, _ := net.SplitHostPort(up)
	down := testkit.Closed(t)
	nobody := netfault.NewDNS(t)
	two := netfault.NewDNS(t, "127.0.0.1", "127.0.0.2")
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	mutedDNS := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", silent.LocalAddr().String())
	}}
	for _, c := range []struct {
		name string
		h    *Host
		want []want
	}{
		{"up", host(t, up, nil, nil), []want{{Name, transport.OK, []string{"127.0.0.1"}}, {Connect, transport.OK, nil}}},
		{"down", host(t, down, nil, nil), []want{{Name, transport.OK, nil}, {Connect, transport.Failed, []string{"refused", "nothing listens"}}}},
		{"down with TLS", host(t, down, nil, &tlsconfig.Options{}), []want{{Name, transport.OK, nil}, {Connect, transport.Failed, nil}, {TLS, transport.Skipped, nil}}},
		{"no such name", host(t, "logs.example:514", nobody.Resolver(), nil), []want{{Name, transport.Failed, []string{"no such host", "spelling"}}, {Connect, transport.Skipped, nil}}},
		{"no name server", host(t, "logs.example:514", mutedDNS, nil), []want{{Name, transport.Failed, []string{"name server does not answer"}}, {Connect, transport.Skipped, nil}}},
		{"one address of two", host(t, "two.example:"+port, two.Resolver(), nil), []want{{Name, transport.OK, []string{"127.0.0.2"}}, {Connect, transport.Warning, []string{"not all", "127.0.0.2"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			limit := patience
			if c.name == "no name server" {
				limit = time.Second // it is what ends the look-up
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			compare(t, c.name, c.h.Check(ctx), c.want)
		})
	}
	udp := host(t, up, nil, nil)
	udp.UDP = true
	compare(t, "udp", udp.Check(t.Context()), []want{{Name, transport.OK, nil}, {Connect, transport.Skipped, []string{"datagrams"}}})
}

// server speaks TLS with that configuration.
func server(t *testing.T, config *tls.Config) string {
	return testkit.Listen(t, func(c net.Conn) {
		conn := tls.Server(c, config)
		if conn.Handshake() == nil {
			mute(conn)
		}
		conn.Close()
	})
}

// Every way in which TLS goes wrong has a remedy of its own.
func TestTLS(t *testing.T) {
	ca, other, dir := testpki.New(t, "ours"), testpki.New(t, "other"), t.TempDir()
	caFile := testpki.File(t, dir, "ca", ca.PEM)
	trust := func() *tlsconfig.Options { return &tlsconfig.Options{CAFile: caFile} }
	pair := func(from *testpki.CA, name string, leaf testpki.Leaf) *tlsconfig.Options {
		cert, key := from.Issue(leaf)
		o := trust()
		o.CertFile, o.KeyFile = testpki.File(t, dir, name+".crt", cert), testpki.File(t, dir, name+".key", key)
		return o
	}
	with := func(leaf testpki.Leaf) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.Pair(leaf)}}
	}
	long := testpki.Leaf{NotAfter: time.Now().Add(90 * 24 * time.Hour), NotBefore: time.Now().Add(-24 * time.Hour)}
	mutual := func() *tls.Config {
		c := with(testpki.Leaf{})
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
		return c
	}
	old := with(testpki.Leaf{})
	old.MaxVersion = tls.VersionTLS12
	expired := testpki.Leaf{NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)}
	insecure := &tlsconfig.Options{Insecure: tlsconfig.AcceptAnyServer}
	// The authority of testpki lives for an hour, so a chain it verifies ends soon.
	shortLife := want{Certificate, transport.OK, []string{"0 days left"}}
	for _, c := range []struct {
		name   string
		server *tls.Config
		client *tlsconfig.Options
		want   []want
	}{
		{"good", with(testpki.Leaf{}), trust(), []want{{TLS, transport.OK, []string{"TLS 1.3"}}, shortLife}},
		{"not verified", with(long), insecure, []want{{TLS, transport.Warning, []string{"not verified", "CAFile"}}, {Certificate, transport.OK, []string{"89 days left"}}}},
		{"soon over", with(testpki.Leaf{NotBefore: time.Now().Add(-90 * 24 * time.Hour), NotAfter: time.Now().Add(5*24*time.Hour + time.Hour)}), insecure, []want{{TLS, transport.Warning, nil}, {Certificate, transport.Warning, []string{"5 days left", "renew"}}}},
		{"unknown authority", with(testpki.Leaf{}), &tlsconfig.Options{}, []want{{TLS, transport.Failed, []string{"unknown authority", "CAFile", `CN=ours`}}}},
		{"wrong host", with(testpki.Leaf{Names: []string{"logs.example", "10.1.2.3"}}), trust(), []want{{TLS, transport.Failed, []string{"ServerName", "logs.example, 10.1.2.3"}}}},
		{"expired", with(expired), trust(), []want{{TLS, transport.Failed, []string{"expired", "valid now"}}}},
		{"for clients only", with(testpki.Leaf{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}), trust(), []want{{TLS, transport.Failed, []string{"server authentication"}}}},
		{"older TLS", old, trust(), []want{{TLS, transport.Failed, []string{"AllowTLS12"}}}},
		{"wants a certificate", mutual(), trust(), []want{{TLS, transport.Failed, []string{"wants a client certificate", "KeyFile"}}}},
		{"takes a certificate", mutual(), pair(ca, "good", testpki.Leaf{}), []want{{TLS, transport.OK, nil}, shortLife, {Client, transport.OK, nil}}},
		{"refuses a certificate", mutual(), pair(other, "bad", testpki.Leaf{}), []want{{TLS, transport.Failed, []string{"client certificate"}}, {Client, transport.OK, nil}}},
		{"our certificate has ended", mutual(), pair(ca, "ended", expired), []want{{TLS, transport.Failed, []string{"client certificate"}}, {Client, transport.Failed, []string{"ended", "CertFile"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(t, server(t, c.server), nil, c.client)
			if c.want[0].verdict == transport.Failed {
				h.verdict = patience // the refusal comes when the server gets to it
			}
			found := h.Check(t.Context())
			compare(t, c.name, found, append([]want{{Name, transport.OK, nil}, {Connect, transport.OK, nil}}, c.want...))
		})
	}
}

// over is a context whose time is over when a channel is closed: what a deadline
// does, but not before the step under test was reached, however long that takes.
type over struct {
	context.Context
	when <-chan struct{}
}

func (o over) Done() <-chan struct{} { return o.when }

func (o over) Err() error {
	select {
	case <-o.when:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Ports where nobody speaks TLS.
func TestTLSToOthers(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		part  string
	}{
		"plain text": {func(c net.Conn) { _, _ = io.WriteString(c, "220 hello, this is no TLS at all\r\n"); mute(c) }, "does not speak TLS"},
		"hangs up":   {func(c net.Conn) { _, _ = c.Read(make([]byte, 8)) }, "hung up"},
	} {
		t.Run(name, func(t *testing.T) {
			found := host(t, testkit.Listen(t, c.serve), nil, &tlsconfig.Options{}).Check(t.Context())
			compare(t, name, found, []want{{Name, transport.OK, nil}, {Connect, transport.OK, nil}, {TLS, transport.Failed, []string{c.part}}})
		})
	}
	t.Run("silence", func(t *testing.T) {
		greeted := make(chan struct{}) // closed by the one connection
		addr := testkit.Listen(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1)) // the handshake is under way
			close(greeted)
			mute(c)
		})
		found := host(t, addr, nil, &tlsconfig.Options{}).Check(over{t.Context(), greeted})
		compare(t, "silence", found, []want{{Name, transport.OK, nil}, {Connect, transport.OK, nil}, {TLS, transport.Failed, []string{"no answer to TLS"}}})
	})
}

func TestPassed(t *testing.T) {
	if Passed([]transport.Finding{Good(Name, "", ""), {Verdict: transport.Failed}}) || !Passed([]transport.Finding{Warn(Name, "", "", ""), Skip(Name, "", "")}) {
		t.Error("Passed does not tell failures from the rest")
	}
}
