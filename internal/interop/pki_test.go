package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"testing"
)

// Server and client accept each other by the files alone, under every name of
// this machine; after issue the server has another certificate.
func TestPKI(t *testing.T) {
	p, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first := handshake(t, p, "127.0.0.1")
	if _, err := p.issue("server"); err != nil {
		t.Fatal(err)
	}
	if second := handshake(t, p, "localhost"); second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("issue left the old certificate")
	}
	for _, name := range []string{p.server.key, p.client.key} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// handshake returns the server's certificate.
func handshake(t *testing.T, p *pki, name string) *x509.Certificate {
	t.Helper()
	pem, err := os.ReadFile(p.ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no authority in its file")
	}
	load := func(of pair) []tls.Certificate {
		c, err := tls.LoadX509KeyPair(of.cert, of.key)
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{c}
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	server := tls.Server(there, &tls.Config{Certificates: load(p.server), ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
	client := tls.Client(here, &tls.Config{Certificates: load(p.client), RootCAs: pool, ServerName: name})
	served := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		served <- err
	}()
	_, err = client.Write([]byte("x"))
	if err := errors.Join(err, <-served); err != nil {
		t.Fatal(err)
	}
	return client.ConnectionState().PeerCertificates[0]
}
