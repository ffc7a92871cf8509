package all_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/tlsconfig/ocsp"
)

// secured are the adapters that speak TLS.
func secured(addr string, o *tlsconfig.Options) map[string]transport.Destination {
	return map[string]transport.Destination{
		"tcp":           tcp.Destination{Addr: addr, TLS: o},
		"syslog":        syslog.Destination{Addr: addr, TLS: o},
		"relp":          relp.Destination{Addr: addr, TLS: o},
		"lumberjack":    lumberjack.Destination{Addrs: []string{addr}, TLS: o},
		"https":         https.Destination{URL: "https://" + addr + "/", TLS: o},
		"elasticsearch": elasticsearch.Destination{URLs: []string{"https://" + addr}, TLS: o},
		"loki":          loki.Destination{URL: "https://" + addr, TLS: o},
		"sentry":        sentry.Destination{DSN: "https://key@" + addr + "/1", TLS: o},
		"otlp":          otlp.Destination{URL: "https://" + addr, TLS: o},
		"otlp+grpc":     otlp.Destination{URL: "https://" + addr, Protocol: otlp.GRPC, TLS: o},
		"grpc":          grpc.Destination{Addr: addr, TLS: o},
		"amqp":          amqp.Destination{Addrs: []string{addr}, RoutingKey: "logs", TLS: o},
		"kafka":         kafka.Destination{Brokers: []string{addr}, Topic: "logs", TLS: o},
	}
}

// listener is a server that does the handshake and hangs up.
type listener struct {
	net.Listener
	config atomic.Pointer[tls.Config]
	made   chan struct{} // a token for each handshake that the client completed
	open   sync.WaitGroup
}

func listen(t *testing.T) *listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: inner, made: make(chan struct{}, 1000)}
	l.open.Go(l.accept)
	t.Cleanup(func() { inner.Close(); l.open.Wait() })
	return l
}

func (l *listener) accept() {
	for {
		socket, err := l.Accept()
		if err != nil {
			return
		}
		l.open.Go(func() {
			defer socket.Close()
			_ = socket.SetDeadline(time.Now().Add(patience))
			if tls.Server(socket, l.config.Load()).Handshake() == nil {
				l.made <- struct{}{}
			}
		})
	}
}

// bad is one thing that is wrong with a server.
type bad struct {
	server *tls.Config
	client func(*tlsconfig.Options) // what the client asks for besides; nil: nothing
	remedy bool                     // the error names one of its own
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// stapled is a certificate with an OCSP response of that status.
func stapled(t *testing.T, ca *testpki.CA, status int) tls.Certificate {
	t.Helper()
	pair := ca.Pair(testpki.Leaf{})
	issuer, key := ca.Signer()
	var err error
	pair.OCSPStaple, err = xocsp.CreateResponse(issuer, issuer, xocsp.Response{
		Status: status, SerialNumber: pair.Leaf.SerialNumber, RevokedAt: time.Now(),
		ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func badServers(t *testing.T, ca *testpki.CA) map[string]bad {
	with := func(pair tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{pair}} }
	good := with(ca.Pair(testpki.Leaf{}))
	old := good.Clone()
	old.MaxVersion = tls.VersionTLS12
	weak := with(ca.Pair(testpki.Leaf{Key: rsaKey(t, 2048)}))
	weak.MaxVersion, weak.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}
	check := func(p ocsp.Policy) func(*tlsconfig.Options) {
		return func(o *tlsconfig.Options) {
			o.Config = &tls.Config{VerifyConnection: ocsp.Options{Policy: p}.Verify}
		}
	}
	return map[string]bad{
		"expired":           {with(ca.Pair(testpki.Leaf{NotAfter: time.Now().Add(-time.Minute)})), nil, true},
		"not yet valid":     {with(ca.Pair(testpki.Leaf{NotBefore: time.Now().Add(time.Minute)})), nil, true},
		"wrong host":        {with(ca.Pair(testpki.Leaf{Names: []string{"elsewhere.example"}})), nil, true},
		"unknown authority": {with(testpki.New(t, "theirs").Pair(testpki.Leaf{})), nil, true},
		"weak key":          {with(ca.Pair(testpki.Leaf{Key: rsaKey(t, 1024)})), nil, true},
		"revoked":           {with(stapled(t, ca, xocsp.Revoked)), check(ocsp.IfStapled), false},
		"missing staple":    {good, check(ocsp.Require), false},
		"TLS 1.2 only":      {old, nil, true},
		"downgraded suites": {weak, func(o *tlsconfig.Options) { o.AllowTLS12 = true }, true},
	}
}

// S12, S14, S17: whatever is wrong with a server, every adapter refuses it before
// a byte of a record is sent, says what mends it, asks for nothing but to try
// again (so that nothing is lost), and connects when it is mended.
func TestS14_BadCertificates(t *testing.T) {
	ca := testpki.New(t, "ours")
	file := testpki.File(t, t.TempDir(), "ca", ca.PEM)
	good := &tls.Config{Certificates: []tls.Certificate{stapled(t, ca, xocsp.Good)}, NextProtos: []string{"h2", "http/1.1"}}
	var tried, refused, clear, recovered int
	for wrong, b := range badServers(t, ca) {
		options := &tlsconfig.Options{CAFile: file}
		if b.client != nil {
			b.client(options)
		}
		b.server.NextProtos = []string{"h2", "http/1.1"}
		for adapter := range secured("", options) {
			tried++
			l := listen(t)
			to := secured(l.Addr().String(), options)[adapter]
			l.config.Store(b.server)
			tr, err := to.Open()
			if err != nil {
				t.Fatalf("%s: %v", adapter, err)
			}
			err = send(t, tr)
			if out := transport.Classify(err, 1); err == nil || out.Permanent || out.TooLarge || out.Batch != nil || len(l.made) != 0 {
				t.Errorf("%s, %s: Send returned %v", adapter, wrong, err)
			} else {
				refused++
			}
			if e, ok := errors.AsType[*tlsconfig.HandshakeError](err); b.remedy != ok || ok && e.Remedy == "" {
				t.Errorf("%s, %s: no remedy: %v", adapter, wrong, err)
			} else {
				clear++
			}
			l.config.Store(good)
			if l.reached(t, tr) {
				recovered++
			} else {
				t.Errorf("%s, %s: not reached when mended", adapter, wrong)
			}
			if err := tr.Close(); err != nil {
				t.Logf("%s: Close: %v", adapter, err) // it hung up on everybody
			}
		}
	}
	t.Logf("S14: %d of %d refused, %d clear, %d recovered", refused, tried, clear, recovered)
}

// S13: every adapter tells of a connection whose server is not verified, to the
// worker that sends.
func TestS13_EveryAdapterWarns(t *testing.T) {
	pair := testpki.New(t, "theirs").Pair(testpki.Leaf{Names: []string{"elsewhere.example"}})
	server := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	options := &tlsconfig.Options{Insecure: tlsconfig.AcceptAnyServer}
	told, tried := 0, 0
	for adapter := range secured("", options) {
		tried++
		l := listen(t)
		l.config.Store(server)
		tr, err := secured(l.Addr().String(), options)[adapter].Open()
		if err != nil {
			t.Fatalf("%s: %v", adapter, err)
		}
		var warned atomic.Uint64
		ctx := transport.WithWarn(t.Context(), func(string, []slog.Attr) { warned.Add(1) })
		_ = sendIn(ctx, tr) // the server hangs up
		if warned.Load() == 0 {
			t.Errorf("%s: nobody was told that the server is not verified", adapter)
		} else {
			told++
		}
		_ = tr.Close()
	}
	t.Logf("S13: %d of %d adapters told", told, tried)
}

// reached reports whether a further Send gets through the handshake.
func (l *listener) reached(t *testing.T, tr transport.Transport) bool {
	t.Helper()
	for range 20 { // grpc and kafka wait before they dial an address again
		_ = send(t, tr) // the server hangs up: what counts is what it saw
		select {
		case <-l.made:
			for len(l.made) > 0 {
				<-l.made
			}
			return true
		case <-time.After(250 * time.Millisecond): // a client may be done before its server is
		}
	}
	return false
}

// patience bounds a Send that should take milliseconds: on a machine that is busy
// with other things, a handshake may take seconds. It is there for a Send that
// hangs.
const patience = 30 * time.Second

func send(t *testing.T, tr transport.Transport) error {
	t.Helper()
	return sendIn(t.Context(), tr)
}

func sendIn(ctx context.Context, tr transport.Transport) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return tr.Send(ctx, []encode.Record{{
		ID: encode.NewIDSource().Next(time.Now()), Time: time.Now(), Level: slog.LevelError, Message: "x", Resource: &encode.Resource{},
	}})
}
