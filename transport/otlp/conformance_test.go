package otlp_test

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract over HTTP, with TLS and a credential and
// without.
func TestConformance(t *testing.T) {
	const token = "conformance-s3cret"
	ca := testpki.New(t, "authority")
	t.Run("TLS", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				config := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
				addr := transporttest.Listen(t, p, func(l net.Listener) {
					srv := &http.Server{Handler: received(p), TLSConfig: config.Clone(), ErrorLog: log.New(io.Discard, "", 0)}
					_ = srv.ServeTLS(l, "", "") // always an error: the listener was closed
				})
				return otlp.Destination{
					URL: "https://" + addr, MaxInFlight: 8, Proxy: noProxy, Lookup: environ(nil),
					Headers: map[string]string{"Authorization": "Bearer " + token},
					TLS:     &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
				}
			},
			Message: func(entry string) (string, error) { return entry, nil },
			Secrets: []string{token},
		})
	})
	t.Run("plain", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				url := transporttest.ServeHTTP(t, p, received(p).ServeHTTP)
				return otlp.Destination{
					URL: url, AllowPlaintext: true, Proxy: noProxy, Lookup: environ(nil), Compression: otlp.Uncompressed,
				}
			},
			Message: func(entry string) (string, error) { return entry, nil },
			Invalid: []transport.Destination{
				otlp.Destination{URL: "http://127.0.0.1:4318", Lookup: environ(nil)},
				otlp.Destination{URL: "ftp://127.0.0.1", Lookup: environ(nil)},
				otlp.Destination{Protocol: 9, Lookup: environ(nil)},
			},
		})
	})
}

// received hands the messages of each request to p, in their order.
func received(p *transporttest.Peer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := parse(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError) // a killed server's request ends like this
			return
		}
		p.Received(messages(req)...)
		w.Header().Set("Content-Type", "application/x-protobuf")
	})
}
