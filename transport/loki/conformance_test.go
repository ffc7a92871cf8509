package loki_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract in both formats: Protobuf with messages as
// lines over TLS and with a credential, and JSON with lines of JSON without. All
// records are of one stream, for order means nothing between two.
func TestConformance(t *testing.T) {
	oneStream := map[string]string{"job": "conformance"}
	const token = "conformance-s3cret"
	ca := testpki.New(t, "authority")
	t.Run("Protobuf", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				config := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
				addr := transporttest.Listen(t, p, func(l net.Listener) {
					srv := &http.Server{Handler: received(p), TLSConfig: config.Clone(), ErrorLog: testkit.DiscardLog()}
					_ = srv.ServeTLS(l, "", "") // always an error: the listener was closed
				})
				return loki.Destination{
					URL: "https://" + addr + "/gateway", MaxInFlight: 8, Proxy: testkit.NoProxy, Tenant: "shop",
					ResourceLabels: []string{}, Labels: oneStream,
					Headers: map[string]string{"Authorization": "Bearer " + token},
					TLS:     &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
				}
			},
			Secrets: []string{token},
		})
	})
	t.Run("JSON", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				url := transporttest.ServeHTTP(t, p, received(p).ServeHTTP)
				return loki.Destination{
					URL: url, AllowPlaintext: true, Proxy: testkit.NoProxy, Format: loki.JSON, Encoder: encode.JSONLines{},
					ResourceLabels: []string{}, Labels: oneStream, MaxLine: 4 << 20,
				}
			},
			Message: message,
			Invalid: []transport.Destination{loki.Destination{}},
		})
	})
}

// received hands the lines of each request to p, in their order.
func received(p *transporttest.Peer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/ready") {
			return
		}
		entries, err := parse(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError) // a killed server's request ends like this
			return
		}
		lines := make([]string, len(entries))
		for i, e := range entries {
			lines[i] = e.line
		}
		p.Received(lines...)
		w.WriteHeader(http.StatusNoContent)
	})
}
