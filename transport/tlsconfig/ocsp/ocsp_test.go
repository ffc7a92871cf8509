package ocsp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/tlsconfig/ocsp"
)

// staple says what a server staples; the zero staple is a good one.
type staple struct {
	none      bool
	raw       []byte
	status    int
	from, to  time.Duration // relative to now; 0: an hour ago, in an hour
	noEnd     bool          // without NextUpdate
	serial    *big.Int      // instead of the leaf's
	signer    *testpki.CA   // instead of the issuer
	delegated *testpki.Leaf // signed by a certificate like this one
}

// pair issues a certificate that carries the staple.
func pair(t *testing.T, ca *testpki.CA, leaf testpki.Leaf, s staple) tls.Certificate {
	t.Helper()
	p := ca.Pair(leaf)
	if p.OCSPStaple = s.raw; s.none || s.raw != nil {
		return p
	}
	if s.signer == nil {
		s.signer = ca
	}
	issuer, key := s.signer.Signer()
	responder := issuer
	template := xocsp.Response{
		Status: s.status, SerialNumber: p.Leaf.SerialNumber, RevokedAt: time.Now().Add(-time.Hour),
		ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
	}
	if s.serial != nil {
		template.SerialNumber = s.serial
	}
	if s.from != 0 {
		template.ThisUpdate = time.Now().Add(s.from)
	}
	if s.to != 0 {
		template.NextUpdate = time.Now().Add(s.to)
	}
	if s.noEnd {
		template.NextUpdate = time.Time{}
	}
	if s.delegated != nil {
		by := s.signer.Pair(*s.delegated)
		responder, template.Certificate = by.Leaf, by.Leaf
		key = by.PrivateKey.(*ecdsa.PrivateKey)
	}
	raw, err := xocsp.CreateResponse(issuer, responder, template, key)
	if err != nil {
		t.Fatal(err)
	}
	p.OCSPStaple = raw
	return p
}

// handshake connects as an adapter does and returns the client's error, and
// whether the session was resumed.
func handshake(t *testing.T, client, server *tls.Config) (bool, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // net.Pipe has no room for two alerts that cross
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer func() { <-done }()
	defer listener.Close()
	go func() {
		defer close(done)
		far, err := listener.Accept()
		if err != nil {
			return
		}
		defer far.Close()
		conn := tls.Server(far, server)
		if conn.Handshake() == nil {
			_, _ = conn.Write([]byte("x")) // carries the session ticket along
		}
	}()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	conn := tls.Client(near, client)
	if err := conn.Handshake(); err != nil {
		return false, err
	}
	_, err = conn.Read(make([]byte, 1))
	return conn.ConnectionState().DidResume, err
}

func client(t *testing.T, ca *testpki.CA, o ocsp.Options) *tls.Config {
	t.Helper()
	c, err := (&tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool(), VerifyConnection: o.Verify}}).Client()
	if err != nil {
		t.Fatal(err)
	}
	return c.Config("localhost")
}

// must is the extension of a certificate that demands a staple.
func must(t *testing.T, features ...int) []pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(features)
	if err != nil {
		t.Fatal(err)
	}
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: value}}
}

// S17: the staple is verified in VerifyConnection; a must-staple certificate
// without one, a stale one, a revoked certificate and a forged staple are
// refused, all of them.
func TestS17_Staples(t *testing.T) {
	ca, other := testpki.New(t, "ours"), testpki.New(t, "theirs")
	responder := []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	demands := testpki.Leaf{Extensions: must(t, 5)}
	cases := map[string]struct {
		policy ocsp.Policy
		leaf   testpki.Leaf
		staple staple
		want   error
	}{
		"good":                          {ocsp.Require, testpki.Leaf{}, staple{}, nil},
		"good, optional":                {ocsp.IfStapled, testpki.Leaf{}, staple{}, nil},
		"good, demanded":                {ocsp.IfStapled, demands, staple{}, nil},
		"none":                          {ocsp.IfStapled, testpki.Leaf{}, staple{none: true}, nil},
		"other TLS feature, none":       {ocsp.IfStapled, testpki.Leaf{Extensions: must(t, 17)}, staple{none: true}, nil},
		"within the skew":               {ocsp.Require, testpki.Leaf{}, staple{to: -time.Minute}, nil},
		"no end, young":                 {ocsp.Require, testpki.Leaf{}, staple{noEnd: true}, nil},
		"delegated":                     {ocsp.Require, testpki.Leaf{}, staple{delegated: &testpki.Leaf{Usage: responder}}, nil},
		"none, required":                {ocsp.Require, testpki.Leaf{}, staple{none: true}, ocsp.ErrMissing},
		"none, demanded":                {ocsp.IfStapled, demands, staple{none: true}, ocsp.ErrMissing},
		"none, unreadable demand":       {ocsp.IfStapled, testpki.Leaf{Extensions: []pkix.Extension{{Id: must(t)[0].Id, Value: []byte{4}}}}, staple{none: true}, ocsp.ErrMissing},
		"revoked":                       {ocsp.IfStapled, testpki.Leaf{}, staple{status: xocsp.Revoked}, ocsp.ErrRevoked},
		"revoked, demanded":             {ocsp.Require, demands, staple{status: xocsp.Revoked}, ocsp.ErrRevoked},
		"unknown":                       {ocsp.IfStapled, testpki.Leaf{}, staple{status: xocsp.Unknown}, ocsp.ErrUnknown},
		"stale":                         {ocsp.IfStapled, testpki.Leaf{}, staple{from: -48 * time.Hour, to: -time.Hour}, ocsp.ErrStale},
		"no end, old":                   {ocsp.IfStapled, testpki.Leaf{}, staple{from: -48 * time.Hour, noEnd: true}, ocsp.ErrStale},
		"not yet valid":                 {ocsp.IfStapled, testpki.Leaf{}, staple{from: time.Hour, to: 2 * time.Hour}, ocsp.ErrStale},
		"another authority's":           {ocsp.IfStapled, testpki.Leaf{}, staple{signer: other}, ocsp.ErrForged},
		"another certificate's":         {ocsp.IfStapled, testpki.Leaf{}, staple{serial: big.NewInt(7)}, ocsp.ErrForged},
		"signed by a server":            {ocsp.IfStapled, testpki.Leaf{}, staple{delegated: &testpki.Leaf{}}, ocsp.ErrForged},
		"signed by another's responder": {ocsp.IfStapled, testpki.Leaf{}, staple{signer: other, delegated: &testpki.Leaf{Usage: responder}}, ocsp.ErrForged},
		"expired responder":             {ocsp.IfStapled, testpki.Leaf{}, staple{delegated: &testpki.Leaf{Usage: responder, NotAfter: time.Now().Add(-time.Minute * 30)}}, ocsp.ErrStale},
		"no OCSP response at all":       {ocsp.IfStapled, testpki.Leaf{}, staple{raw: []byte("yes, all is well")}, ocsp.ErrForged},
		"a policy that there is not":    {9, testpki.Leaf{}, staple{}, ocsp.ErrPolicy},
	}
	refused, bad := 0, 0
	for name, c := range cases {
		server := &tls.Config{Certificates: []tls.Certificate{pair(t, ca, c.leaf, c.staple)}}
		_, err := handshake(t, client(t, ca, ocsp.Options{Policy: c.policy}), server)
		if c.want == nil && err != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if c.want != nil {
			bad++
			if err != nil {
				refused++
			}
		}
	}
	t.Logf("S17: %d of %d refused", refused, bad)
}

// S17: a resumed session is checked as well, with the staple it was made with.
func TestS17_ResumptionIsChecked(t *testing.T) {
	ca := testpki.New(t, "ours")
	server := &tls.Config{Certificates: []tls.Certificate{pair(t, ca, testpki.Leaf{}, staple{})}}
	config := client(t, ca, ocsp.Options{Policy: ocsp.Require})
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for i, want := range []bool{false, true} {
		if resumed, err := handshake(t, config, server); err != nil || resumed != want {
			t.Fatalf("handshake %d: resumed %v, %v", i, resumed, err)
		}
	}
	// The staple of the session is two hours old by this clock.
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if !state.DidResume {
			return nil // only the resumption is in question
		}
		return ocsp.Options{Policy: ocsp.Require}.VerifyAt(state, time.Now().Add(2*time.Hour))
	}
	if _, err := handshake(t, config, server); !errors.Is(err, ocsp.ErrStale) {
		t.Errorf("a stale session: %v, want ErrStale", err)
	}
}

// Without a verified chain there is no issuer, so nothing is believed.
func TestUnverifiedChain(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := testpki.New(t, "ours")
	server := &tls.Config{Certificates: []tls.Certificate{pair(t, ca, testpki.Leaf{Key: key}, staple{})}}
	config := &tls.Config{InsecureSkipVerify: true, VerifyConnection: ocsp.Options{}.Verify}
	if _, err := handshake(t, config, server); !errors.Is(err, ocsp.ErrUnverified) {
		t.Errorf("got %v, want ErrUnverified", err)
	}
}
