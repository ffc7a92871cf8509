package https_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// TestS14_WrongServer is T30 and S14: the wrong peer gets no byte of a record.
func TestS14_WrongServer(t *testing.T) {
	ca, other := testpki.New(t, "authority"), testpki.New(t, "another")
	now := time.Now()
	for name, cert := range map[string]tls.Certificate{
		"expired":       ca.Pair(testpki.Leaf{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)}),
		"not yet valid": ca.Pair(testpki.Leaf{NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)}),
		"wrong name":    ca.Pair(testpki.Leaf{Names: []string{"logs.example.com"}}),
		"unknown":       other.Pair(testpki.Leaf{}),
	} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Errorf("%s: records were sent", name)
		}))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		server.Config.ErrorLog = testkit.DiscardLog()
		server.StartTLS()
		t.Cleanup(server.Close)
		d := https.Destination{URL: server.URL, Proxy: testkit.NoProxy, TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}}
		err := testkit.Open(t, d).Send(t.Context(), batch(0, 3))
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("%s: %v, want a verification error", name, err)
		}
		if out := transport.Classify(err, 3); out != (transport.Outcome{}) {
			t.Errorf("%s: %+v, want plain", name, out)
		}
	}
}

// TestS12_OldTLS is S12: TLS 1.2 only by name.
func TestS12_OldTLS(t *testing.T) {
	server := &receiver{ca: testpki.New(t, "authority")}
	server.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := server.take(r); err != nil {
			t.Error(err)
		}
	}))
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{server.ca.Pair(testpki.Leaf{})}}
	server.Config.ErrorLog = testkit.DiscardLog()
	server.StartTLS()
	t.Cleanup(server.Close)
	if err := testkit.Open(t, server.destination()).Send(t.Context(), batch(0, 1)); err == nil {
		t.Errorf("TLS 1.2 was spoken without being asked for")
	}
	d := server.destination()
	d.TLS.AllowTLS12 = true
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
	if got, _ := server.taken(); len(got) != 1 {
		t.Errorf("%d records arrived, want 1", len(got))
	}
}

// mutual is a server that wants client certificates of ca, and serves a
// certificate that can be replaced.
type mutual struct {
	*receiver
	mu      sync.Mutex
	cert    tls.Certificate // guarded by mu
	serials []string        // guarded by mu; of the clients, request by request
}

func newMutual(t *testing.T, ca *testpki.CA) *mutual {
	m := &mutual{receiver: &receiver{ca: ca}, cert: ca.Pair(testpki.Leaf{})}
	m.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.serials = append(m.serials, r.TLS.PeerCertificates[0].SerialNumber.String())
		m.mu.Unlock()
		if err := m.take(r); err != nil {
			t.Error(err)
		}
	}))
	m.EnableHTTP2 = true
	m.Config.ErrorLog = testkit.DiscardLog()
	m.TLS = &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
		Certificates: []tls.Certificate{m.cert},
	}
	// Not GetCertificate, which is not asked for a client that dials an address.
	m.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		c := m.Server.TLS.Clone()
		c.Certificates = []tls.Certificate{m.cert}
		return c, nil
	}
	m.StartTLS()
	t.Cleanup(m.Close)
	return m
}

func (m *mutual) lastSerial() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.serials[len(m.serials)-1]
}

func (m *mutual) present(cert tls.Certificate) {
	m.mu.Lock()
	m.cert = cert
	m.mu.Unlock()
	m.CloseClientConnections()
}

// TestS15_ClientCertificateRotates is T30 and S15: the certificate on disk is
// replaced under a connection that works. The new one is in use within 30 s
// (5 s here), without a reopening and without a failed Send; half a pair
// changes nothing.
func TestS15_ClientCertificateRotates(t *testing.T) {
	t.Parallel()
	ca := testpki.New(t, "authority")
	server := newMutual(t, ca)
	dir := t.TempDir()
	write := func() (serial string) {
		cert, key := ca.Issue(testpki.Leaf{})
		testpki.File(t, dir, "key.pem", key)
		testpki.File(t, dir, "cert.pem", cert)
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.String()
	}
	first := write()
	d := server.destination()
	d.TLS.CertFile, d.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	tr := testkit.Open(t, d)
	testkit.Deliver(t, tr, batch(0, 1))
	if got := server.lastSerial(); got != first {
		t.Fatalf("the first certificate is %s, want %s", got, first)
	}
	_, half := ca.Issue(testpki.Leaf{})
	testpki.File(t, dir, "key.pem", half)
	testkit.Deliver(t, tr, batch(1, 1))
	second := write()
	for start, n := time.Now(), 2; server.lastSerial() != second; n++ {
		if time.Since(start) > 30*time.Second {
			t.Fatal("the new certificate is not in use after 30 s")
		}
		testkit.Deliver(t, tr, batch(n, 1))
		time.Sleep(20 * time.Millisecond) // a worker's pace; the loop ends with the signal
	}
}

// TestAuthorityRotates is T30: the server moves to another authority. Until
// CAFile has it nothing is sent; then it goes on, without a reopening.
func TestAuthorityRotates(t *testing.T) {
	old, next := testpki.New(t, "old"), testpki.New(t, "next")
	server := newMutual(t, old)
	dir := t.TempDir()
	cert, key := old.Issue(testpki.Leaf{})
	d := https.Destination{URL: server.URL, Proxy: testkit.NoProxy, TLS: &tlsconfig.Options{
		CAFile:   testpki.File(t, dir, "ca.pem", old.PEM),
		CertFile: testpki.File(t, dir, "cert.pem", cert), KeyFile: testpki.File(t, dir, "key.pem", key),
	}}
	tr := testkit.Open(t, d)
	testkit.Deliver(t, tr, batch(0, 1))
	server.present(next.Pair(testpki.Leaf{}))
	for tries := 0; ; tries++ { // the first may fail for the old connection's end
		err := tr.Send(t.Context(), batch(1, 1))
		if err == nil {
			t.Fatal("a server of an unknown authority was trusted")
		}
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			break
		}
		if tries == 3 {
			t.Fatalf("Send = %v, want a verification error", err)
		}
	}
	testpki.File(t, dir, "ca.pem", append(old.PEM, next.PEM...))
	for start := time.Now(); tr.Send(t.Context(), batch(1, 1)) != nil; {
		if time.Since(start) > 30*time.Second {
			t.Fatal("the new authority is not in use after 30 s")
		}
		time.Sleep(20 * time.Millisecond) // a worker's backoff; the loop ends with the signal
	}
	if got, _ := server.taken(); len(got) != 2 {
		t.Errorf("records arrived: %q, want 2", got)
	}
}

// TestProxy goes through a CONNECT proxy, with its credentials and not with ours.
func TestProxy(t *testing.T) {
	server := serve(t, nil)
	headers := make(chan http.Header, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		tunnel(w, r)
	}))
	t.Cleanup(proxy.Close)
	d := server.destination()
	d.URL = "https://me:server-secret@" + server.Listener.Addr().String()
	d.Proxy = http.ProxyURL(mustParse(t, "http://user:proxy-secret@"+proxy.Listener.Addr().String()))
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 3))
	h := <-headers
	if want := "Basic dXNlcjpwcm94eS1zZWNyZXQ="; h.Get("Proxy-Authorization") != want || h.Get("Authorization") != "" {
		t.Errorf("the proxy got %v, want Proxy-Authorization %q", h, want)
	}
	if got, h := server.taken(); len(got) != 3 || h.Get("Proxy-Authorization") != "" {
		t.Errorf("%d records arrived, with the header %v", len(got), h)
	}
}

func tunnel(w http.ResponseWriter, r *http.Request) {
	up, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(502)
		return
	}
	defer up.Close()
	w.WriteHeader(200)
	// What the server has read ahead is in read: the client may speak as soon as
	// it has the 200, before the connection is ours.
	down, read, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(up, read); up.Close() })
	wg.Go(func() { io.Copy(down, up); down.Close() })
	wg.Wait()
}
