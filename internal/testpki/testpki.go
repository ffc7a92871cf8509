// Package testpki makes certificate authorities and certificates for tests, in
// memory and as files. The keys are made anew each time.
package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA signs certificates.
type CA struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	PEM  []byte // the authority's own certificate
}

// Leaf says what a certificate holds. The zero Leaf is for 127.0.0.1 and
// localhost, valid for an hour, usable by servers and clients.
type Leaf struct {
	Names     []string // host names and IP addresses
	NotBefore time.Time
	NotAfter  time.Time

	Usage      []x509.ExtKeyUsage // instead of servers and clients
	Extensions []pkix.Extension   // further ones, as must-staple
	Key        crypto.Signer      // instead of a new P-256 key
}

// New makes an authority with that name.
func New(t testing.TB, name string) *CA {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	cert, raw := sign(t, template, template, &key.PublicKey, key)
	return &CA{t: t, cert: cert, key: key, PEM: encode("CERTIFICATE", raw)}
}

// Issue makes a certificate and returns it and its key as PEM.
func (ca *CA) Issue(leaf Leaf) (cert, key []byte) {
	ca.t.Helper()
	var k crypto.Signer = newKey(ca.t)
	if leaf.Key != nil {
		k = leaf.Key
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		ExtraExtensions: leaf.Extensions,
	}
	if leaf.Usage != nil {
		template.ExtKeyUsage = leaf.Usage
	}
	if leaf.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if leaf.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	if leaf.Names == nil {
		leaf.Names = []string{"127.0.0.1", "localhost"}
	}
	for _, name := range leaf.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	_, raw := sign(ca.t, template, ca.cert, k.Public(), ca.key)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		ca.t.Fatal(err)
	}
	return encode("CERTIFICATE", raw), encode("PRIVATE KEY", der)
}

// Pair is Issue for a tls.Config.
func (ca *CA) Pair(leaf Leaf) tls.Certificate {
	ca.t.Helper()
	pair, err := tls.X509KeyPair(ca.Issue(leaf))
	if err != nil {
		ca.t.Fatal(err)
	}
	return pair
}

// Signer returns the authority's own certificate and key, for what is signed
// besides certificates.
func (ca *CA) Signer() (*x509.Certificate, crypto.Signer) { return ca.cert, ca.key }

// Pool holds this authority alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// File writes data to name in dir with mode 0600, by a rename, and returns the
// path.
func File(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, pub crypto.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, []byte) {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cert, raw
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
