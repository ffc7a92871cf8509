package https_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract over HTTP/1.1 and HTTP/2, both formats and
// all compressions, with one and with several requests in flight.
func TestConformance(t *testing.T) {
	const token = "conformance-s3cret"
	ca := testpki.New(t, "authority")
	variants := map[string]https.Destination{
		"HTTP2 NDJSON gzip": {},
		"HTTP2 array zstd":  {Format: https.JSONArray, Compression: https.Zstd, MaxInFlight: 8},
		"HTTP1 array plain": {HTTP1: true, Format: https.JSONArray, Compression: https.Uncompressed, MaxInFlight: 8},
	}
	for name, d := range variants {
		t.Run(name, func(t *testing.T) {
			d.Headers = map[string]string{"Authorization": "Bearer " + token}
			d.TLS = &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}
			d.Proxy = testkit.NoProxy
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					d := d
					d.URL = serveTLS(t, p, ca, d.HTTP1) + "/in?token=" + token
					return d
				},
				Message: message,
				Secrets: []string{token},
			})
		})
	}
}

// serveTLS is transporttest.ServeHTTP over TLS.
func serveTLS(t testing.TB, p *transporttest.Peer, ca *testpki.CA, http1 bool) string {
	config := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.ProtoMajor == 1) != http1 {
			t.Errorf("the request came by %s", r.Proto)
		}
		entries, err := unpack(r)
		if err != nil {
			// A killed server's request ends like this; the suite knows.
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		p.Received(entries...)
	})
	addr := transporttest.Listen(t, p, func(l net.Listener) {
		srv := &http.Server{Handler: handler, TLSConfig: config.Clone(), ErrorLog: testkit.DiscardLog()}
		_ = srv.ServeTLS(l, "", "") // always an error: the listener was closed
	})
	return "https://" + addr
}

// TestConformancePlaintext is the same without TLS.
func TestConformancePlaintext(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			url := transporttest.ServeHTTP(t, p, func(w http.ResponseWriter, r *http.Request) {
				entries, err := unpack(r)
				if err != nil {
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				p.Received(entries...)
			})
			return https.Destination{URL: url, AllowPlaintext: true, Proxy: testkit.NoProxy}
		},
		Message: message,
		Invalid: []transport.Destination{https.Destination{}},
	})
}
