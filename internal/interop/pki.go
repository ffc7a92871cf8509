package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pki is an authority with what it signed, as files. Keys are PKCS #8, which
// is what Java servers read from a PEM file.
type pki struct {
	dir    string
	ca     string // file with the authority's certificate
	server pair   // for 127.0.0.1, ::1 and localhost
	client pair   // subject CN=interop

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// pair is a certificate and its key, as files of mode 0600.
type pair struct{ cert, key string }

// lifetime of everything here; a run takes minutes.
const lifetime = 24 * time.Hour

// newPKI makes an authority in dir. (internal/testpki does this for tests and
// needs a *testing.T.)
func newPKI(dir string) (*pki, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &pki{dir: dir, ca: filepath.Join(dir, "ca.pem"), key: key}
	template := leaf("interop authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	template.IPAddresses, template.DNSNames, template.ExtKeyUsage = nil, nil, nil
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if err := writePEM(p.ca, "CERTIFICATE", der); err != nil {
		return nil, err
	}
	if p.server, err = p.issue("server"); err != nil {
		return nil, err
	}
	p.client, err = p.issue("interop")
	return p, err
}

// issue makes a pair for that common name in files of that name. Called again
// with the same name it replaces them, each by a rename, as a rotation does.
func (p *pki) issue(name string) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf(name), p.cert, key.Public(), p.key)
	if err != nil {
		return pair{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	made := pair{cert: filepath.Join(p.dir, name+".pem"), key: filepath.Join(p.dir, name+".key")}
	if err := writePEM(made.key, "PRIVATE KEY", keyDER); err != nil {
		return pair{}, err
	}
	return made, writePEM(made.cert, "CERTIFICATE", der)
}

func leaf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func writePEM(name, kind string, der []byte) error {
	if err := os.WriteFile(name+".new", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
