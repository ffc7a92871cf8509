package grpc_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// fixed is an Authorize that always returns the same token.
func fixed(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "Bearer " + token, nil }
}

func taken(context.Context, []encode.Record) error { return nil }

// TestS14_ServerVerified: S12, S14. Each is refused for its own reason, which is in the
// chain, and nothing is lost: the error is plain.
func TestS14_ServerVerified(t *testing.T) {
	ca, other := testpki.New(t, "authority"), testpki.New(t, "other")
	mine := &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}
	hour := time.Hour
	for name, c := range map[string]struct {
		server *tls.Config
		client *tlsconfig.Options
		want   func(error) bool
	}{
		"right": {&tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}, mine, nil},
		"wrong host": {&tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{Names: []string{"elsewhere.example"}})}}, mine,
			isType[x509.HostnameError]},
		"unknown authority": {&tls.Config{Certificates: []tls.Certificate{other.Pair(testpki.Leaf{})}}, mine, isType[x509.UnknownAuthorityError]},
		"expired": {&tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{NotBefore: time.Now().Add(-3 * hour), NotAfter: time.Now().Add(-hour)})}},
			mine, isType[x509.CertificateInvalidError]},
		"TLS 1.2": {&tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}, mine,
			func(err error) bool { return err != nil }},
		"TLS 1.2, allowed": {&tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12},
			&tlsconfig.Options{AllowTLS12: true, Config: mine.Config}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _ := receive(t, taken, &grpc.ReceiverOptions{TLS: c.server})
			err := send(t, open(t, grpc.Destination{Addr: addr, TLS: c.client}, false), numbered(1))
			switch {
			case c.want == nil && err != nil:
				t.Error(err)
			case c.want != nil && (!c.want(err) || transport.Classify(err, 1) != (transport.Outcome{})):
				t.Errorf("%v", err)
			}
		})
	}
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// A plaintext sender and a TLS receiver, and the other way round.
func TestTLSAndPlaintext(t *testing.T) {
	ca := testpki.New(t, "authority")
	secure, _ := receive(t, taken, &grpc.ReceiverOptions{TLS: &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}})
	plain, _ := receive(t, taken, nil)
	for _, d := range []grpc.Destination{
		{Addr: secure, ConnectTimeout: time.Second},
		{Addr: plain, ConnectTimeout: time.Second, TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}},
	} {
		if err := send(t, open(t, d, false), numbered(1)); err == nil || transport.Classify(err, 1) != (transport.Outcome{}) {
			t.Errorf("%v", err)
		}
	}
}

// TestS15_MutualTLS: S15. No certificate is refused; a rotated one is in use with the
// next Send, over a new connection, and the receiver sees who it is.
func TestS15_MutualTLS(t *testing.T) {
	ca, dir := testpki.New(t, "authority"), t.TempDir()
	var names atomic.Value
	names.Store("")
	addr, _ := receive(t, taken, &grpc.ReceiverOptions{
		TLS: &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()},
		Authorize: func(ctx context.Context, _ string) error {
			p, _ := peer.FromContext(ctx)
			info, ok := p.AuthInfo.(credentials.TLSInfo)
			if !ok {
				return errors.New("no TLS")
			}
			names.Store(info.State.PeerCertificates[0].SerialNumber.String())
			return nil
		},
	})
	authority := testpki.File(t, dir, "ca.pem", ca.PEM)
	bare := open(t, grpc.Destination{Addr: addr, TLS: &tlsconfig.Options{CAFile: authority}}, false)
	if err := send(t, bare, numbered(1)); err == nil || transport.Classify(err, 1) != (transport.Outcome{}) {
		t.Errorf("without a certificate: %v", err)
	}

	rotate := func() (cert, key string) {
		c, k := ca.Issue(testpki.Leaf{})
		return testpki.File(t, dir, "cert.pem", c), testpki.File(t, dir, "key.pem", k)
	}
	cert, key := rotate()
	d := grpc.Destination{Addr: addr, Lifetime: time.Nanosecond, TLS: &tlsconfig.Options{CAFile: authority, CertFile: cert, KeyFile: key}}
	tr := open(t, d, false)
	if err := send(t, tr, numbered(1)); err != nil {
		t.Fatal(err)
	}
	first := names.Load()
	rotate()
	if err := send(t, tr, numbered(1)); err != nil {
		t.Fatal(err)
	}
	if second := names.Load(); second == first || first == "" {
		t.Errorf("the receiver has seen %q and then %q", first, second)
	}
}

// Credentials that the receiver does not accept are a clear error; once they are
// corrected, the same transport delivers. S10: they are in no error.
func TestS10_TokenFile(t *testing.T) {
	dir := t.TempDir()
	var got log
	addr, _ := receive(t, got.take, &grpc.ReceiverOptions{Authorize: func(_ context.Context, token string) error {
		if token != "right-s3cret" {
			return fmt.Errorf("not this one: %q", token)
		}
		return nil
	}})
	file := testpki.File(t, dir, "token", []byte("wrong-s3cret\n"))
	tr := open(t, grpc.Destination{Addr: addr, TokenFile: file, AllowPlaintext: true}, false)
	err := send(t, tr, numbered(1))
	if !errors.Is(err, grpc.ErrCredentials) || transport.Classify(err, 1) != (transport.Outcome{}) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("%v", err)
	}
	testpki.File(t, dir, "token", []byte("right-s3cret\n"))
	if err := send(t, tr, numbered(1)); err != nil {
		t.Error(err)
	}
	if len(got.all()) != 1 {
		t.Errorf("%q came", got.all())
	}
}

// What is no token is not sent.
func TestNoToken(t *testing.T) {
	addr, _ := receive(t, taken, nil)
	broken := errors.New("no provider")
	for name, c := range map[string]struct {
		dest grpc.Destination
		want error
	}{
		"a file that is not there": {grpc.Destination{TokenFile: filepath.Join(t.TempDir(), "none")}, os.ErrNotExist},
		"a folder":                 {grpc.Destination{TokenFile: t.TempDir()}, grpc.ErrToken},
		"an empty file":            {grpc.Destination{TokenFile: testpki.File(t, t.TempDir(), "t", []byte(" \n"))}, grpc.ErrToken},
		"a huge file":              {grpc.Destination{TokenFile: testpki.File(t, t.TempDir(), "t", []byte(strings.Repeat("s3cret", 1<<14)))}, grpc.ErrToken},
		"a line break":             {grpc.Destination{Authorize: fixed("s3cret\r\nx: y")}, grpc.ErrToken},
		"an error":                 {grpc.Destination{Authorize: func(context.Context) (string, error) { return "", broken }}, broken},
	} {
		c.dest.Addr, c.dest.AllowPlaintext = addr, true
		err := send(t, open(t, c.dest, false), numbered(1))
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "s3cret") || transport.Classify(err, 1) != (transport.Outcome{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Authorize returns the header's whole value, so another scheme than Bearer can
// be had; the receiver gets what stands behind "Bearer " without it.
func TestAuthorizeScheme(t *testing.T) {
	for value, want := range map[string]string{"Basic czNjcmV0": "Basic czNjcmV0", "Bearer s3cret": "s3cret", "s3cret": "s3cret"} {
		var got string
		addr, _ := receive(t, taken, &grpc.ReceiverOptions{Authorize: func(_ context.Context, token string) error {
			got = token // before the receiver's greeting, which Send has waited for
			return nil
		}})
		d := grpc.Destination{Addr: addr, AllowPlaintext: true, Authorize: func(context.Context) (string, error) { return value, nil }}
		if err := send(t, open(t, d, false), numbered(1)); err != nil || got != want {
			t.Errorf("%s: %q came, want %q; %v", value, got, want, err)
		}
	}
}

// An error of Authorize that is a status is told as it is, and no other.
func TestAuthorizeTells(t *testing.T) {
	for want, refuse := range map[codes.Code]error{
		codes.Unauthenticated:   errors.New("internal detail"),
		codes.PermissionDenied:  status.Error(codes.PermissionDenied, "not your tenant"),
		codes.NotFound:          fmt.Errorf("internal detail: %w", status.Error(codes.NotFound, "no such tenant")),
		codes.ResourceExhausted: later(codes.ResourceExhausted, 5*time.Second),
	} {
		addr, _ := receive(t, taken, &grpc.ReceiverOptions{Authorize: func(context.Context, string) error { return refuse }})
		err := send(t, open(t, grpc.Destination{Addr: addr}, false), numbered(1))
		if st, ok := errors.AsType[*grpc.StatusError](err); !ok || st.Code != want || strings.Contains(err.Error(), "internal") {
			t.Errorf("want %v, got %v", want, err)
		}
		if after := transport.Classify(err, 1).After; after != 0 != (want == codes.ResourceExhausted) {
			t.Errorf("%v: to be tried again after %v", want, after)
		}
	}
}

// A broken name, and nobody there: plain, with the cause in the chain.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = send(t, open(t, grpc.Destination{Addr: l.Addr().String()}, false), numbered(1))
	if _, ok := errors.AsType[*net.OpError](err); !ok {
		t.Errorf("nobody listens: %v", err)
	}
}
