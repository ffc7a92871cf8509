package tcp_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// TestS14_WrongServerGetsNothing is T30 (S12, S14): an expired certificate, a wrong
// name, an unknown authority, a server that has only TLS 1.2. Not one record is
// sent, none is condemned, and when the server is right again all arrive.
func TestS14_WrongServerGetsNothing(t *testing.T) {
	ca, other := testpki.New(t, "ours"), testpki.New(t, "theirs")
	d := tcp.Destination{TLS: &tlsconfig.Options{CAFile: testpki.File(t, t.TempDir(), "ca", ca.PEM)}}
	with := func(pair tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{pair}} }
	old := with(ca.Pair(testpki.Leaf{}))
	old.MaxVersion = tls.VersionTLS12
	for _, c := range []struct {
		name  string
		wrong *tls.Config
	}{
		{"expired", with(ca.Pair(testpki.Leaf{NotAfter: time.Now().Add(-time.Minute)}))},
		{"not yet valid", with(ca.Pair(testpki.Leaf{NotBefore: time.Now().Add(time.Minute)}))},
		{"wrong name", with(ca.Pair(testpki.Leaf{Names: []string{"elsewhere.example", "127.0.0.9"}}))},
		{"unknown authority", with(other.Pair(testpki.Leaf{}))},
		{"TLS 1.2", old},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &swap{config: c.wrong}
			r := listen(t, &receiver{tls: server.tls()})
			d := d
			d.Addr = r.addr()
			w := open(t, d)
			for range 5 {
				err := w.step(t.Context(), 10)
				if out := transport.Classify(err, 10); err == nil || out.Permanent || out.Batch != nil || out.TooLarge {
					t.Fatalf("Send to a wrong server: %v", err)
				}
			}
			r.mu.Lock()
			if len(r.seen)+r.broken > 0 {
				t.Errorf("the wrong server got %d records and %d other entries", len(r.seen), r.broken)
			}
			r.mu.Unlock()
			server.set(with(ca.Pair(testpki.Leaf{})))
			w.until(20, 10)
			r.complete(20)
		})
	}
}

// swap is a server configuration that tests exchange while it runs.
type swap struct {
	mu      sync.Mutex
	config  *tls.Config         // guarded by mu
	clients []*x509.Certificate // guarded by mu; what clients have presented
}

func (s *swap) set(c *tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = c
}

func (s *swap) tls() *tls.Config {
	return &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		c := s.config.Clone()
		c.VerifyConnection = func(state tls.ConnectionState) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.clients = append(s.clients, state.PeerCertificates...)
			return nil
		}
		return c, nil
	}}
}

// last returns the certificate that a client has presented last.
func (s *swap) last() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) == 0 {
		return nil
	}
	return s.clients[len(s.clients)-1].Raw
}

// TestS15_Rotation is T30 (S15, I63): client certificate and authority change on
// disk. The live connection is closed in order and made again with the new
// ones, without a restart; nothing is lost and nothing goes twice.
func TestS15_Rotation(t *testing.T) {
	t.Parallel() // it mostly waits
	oldCA, newCA := testpki.New(t, "old"), testpki.New(t, "new")
	dir := t.TempDir()
	cert1, key1 := oldCA.Issue(testpki.Leaf{})
	cert2, key2 := newCA.Issue(testpki.Leaf{})
	server := &swap{config: &tls.Config{
		Certificates: []tls.Certificate{oldCA.Pair(testpki.Leaf{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: oldCA.Pool(),
	}}
	r := listen(t, &receiver{tls: server.tls()})
	w := open(t, tcp.Destination{Addr: r.addr(), CloseTimeout: 30 * time.Second, TLS: &tlsconfig.Options{
		CAFile:   testpki.File(t, dir, "ca", oldCA.PEM),
		CertFile: testpki.File(t, dir, "cert", cert1), KeyFile: testpki.File(t, dir, "key", key1),
	}})
	w.until(10, 5)
	r.complete(10)
	presented := func(pair []byte) bool {
		block, _ := pem.Decode(pair)
		return bytes.Equal(server.last(), block.Bytes)
	}
	if !presented(cert1) {
		t.Fatal("the server has not seen the first certificate")
	}
	server.set(&tls.Config{
		Certificates: []tls.Certificate{newCA.Pair(testpki.Leaf{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: newCA.Pool(),
	})
	testpki.File(t, dir, "ca", newCA.PEM)
	testpki.File(t, dir, "cert", cert2) // its key is not there yet
	testpki.File(t, dir, "key", key2)
	rotated := time.Now()
	for !presented(cert2) {
		if time.Since(rotated) > 30*time.Second {
			t.Fatal("the new certificate is not in use after 30 s")
		}
		if err := w.step(t.Context(), 1); err != nil {
			t.Fatalf("after the rotation: %v", err)
		}
		time.Sleep(10 * time.Millisecond) // a service that logs a little
	}
	r.complete(w.next)
	if n, repeats := r.count(), r.repeats(); n != 2 || repeats != 0 {
		t.Errorf("%d connections, want 2; %d repeats", n, repeats)
	}
	t.Logf("the new certificate was in use after %v", time.Since(rotated))
}

// A server that refuses the client's certificate says so after the client's
// side of the handshake: the records that were sent into that connection go
// again.
func TestRefusedClientCertificate(t *testing.T) {
	ca, other := testpki.New(t, "ours"), testpki.New(t, "theirs")
	dir := t.TempDir()
	cert, key := other.Issue(testpki.Leaf{})
	strict := &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	server := &swap{config: strict}
	r := listen(t, &receiver{tls: server.tls()})
	w := open(t, tcp.Destination{Addr: r.addr(), TLS: &tlsconfig.Options{
		CAFile:   testpki.File(t, dir, "ca", ca.PEM),
		CertFile: testpki.File(t, dir, "cert", cert), KeyFile: testpki.File(t, dir, "key", key),
	}})
	refused := 0
	for end := time.Now().Add(10 * time.Second); refused < 3 && time.Now().Before(end); {
		if w.step(t.Context(), 10) != nil {
			refused++
		}
	}
	if refused < 3 || w.kept > 0 {
		t.Fatalf("%d refusals, %d records let go", refused, w.kept)
	}
	lax := strict.Clone()
	lax.ClientCAs = other.Pool()
	server.set(lax)
	w.until(w.next+10, 10)
	eventually(t, "the connection is sound", func() bool { return w.probe() == nil })
	w.until(w.next+10, 10)
	r.complete(w.next)
}

// Files that cannot be used are an error of Open, in words about the files.
func TestOpenWithoutFiles(t *testing.T) {
	o := &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}
	if tr, err := (tcp.Destination{Addr: "127.0.0.1:1", TLS: o}).Open(); err == nil {
		tr.Close()
		t.Error("Open succeeded without its authorities")
	}
}
