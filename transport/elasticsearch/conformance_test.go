package elasticsearch_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract against a server that knows all parameters,
// over TLS with a credential, and against one that does not, without TLS.
func TestConformance(t *testing.T) {
	const key = "conformance-s3cret"
	ca := testpki.New(t, "authority")
	t.Run("Elasticsearch", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				config := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
				addr := transporttest.Listen(t, p, func(l net.Listener) {
					srv := &http.Server{Handler: received(p, true), TLSConfig: config.Clone(), ErrorLog: testkit.DiscardLog()}
					_ = srv.ServeTLS(l, "", "") // always an error: the listener was closed
				})
				return elasticsearch.Destination{
					URLs: []string{"https://" + addr + "/es"}, MaxInFlight: 8, Proxy: testkit.NoProxy,
					Headers: map[string]string{"Authorization": "ApiKey " + key},
					TLS:     &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
				}
			},
			Message: message,
			Secrets: []string{key},
		})
	})
	t.Run("OpenSearch", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				url := transporttest.ServeHTTP(t, p, received(p, false).ServeHTTP)
				return elasticsearch.Destination{
					URLs: []string{url}, AllowPlaintext: true, Proxy: testkit.NoProxy, Index: "shop-{yyyy.MM.dd}",
					Compression: elasticsearch.Uncompressed,
				}
			},
			Message: message,
			Invalid: []transport.Destination{elasticsearch.Destination{}},
		})
	})
}

// received hands the documents of each request to p, once they were found to be
// well formed.
func received(p *transporttest.Peer, knows bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost { // who it is, and whether the index is there
			_, _ = io.WriteString(w, `{"cluster_name":"c","version":{"number":"9.1.0"}}`)
			return
		}
		// One server a request: the suite sends the same numbers again.
		s := &server{knows: knows}
		if r.URL.Query().Has("include_source_on_error") && !knows {
			s.ServeHTTP(w, r)
			return
		}
		body, err := plain(r)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError) // a killed server's request ends like this
			return
		}
		items, err := s.take("index", body)
		if err != nil {
			refuse(w, 500, "grammar", err.Error())
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		var documents []string
		for i := 1; i < len(lines); i += 2 {
			documents = append(documents, lines[i])
		}
		p.Received(documents...)
		io.WriteString(w, `{"items":[`+strings.Join(items, ",")+`]}`)
	})
}
