package sentry_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract with an envelope for each record, over TLS and
// with the key in a file, and with logs.
func TestConformance(t *testing.T) {
	invalid := []transport.Destination{
		sentry.Destination{},
		sentry.Destination{DSN: "https://" + testKey + "@sentry.example"},
		sentry.Destination{DSN: "https://sentry.example/1"},
		sentry.Destination{DSN: "http://" + testKey + "@sentry.example/1"},
		sentry.Destination{DSN: "https://" + testKey + "@sentry.example/1", KeyFile: "/nowhere"},
		sentry.Destination{DSN: "https://" + testKey + "@sentry.example/1", Mode: 3},
		sentry.Destination{DSN: "https://" + testKey + "@sentry.example/1", MaxEvent: 100},
		sentry.Destination{DSN: "https://" + testKey + "@sentry.example/1", Headers: map[string]string{"x-sentry-auth": "a"}},
	}
	ca := testpki.New(t, "authority")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("Events", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				config := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
				addr := transporttest.Listen(t, p, func(l net.Listener) {
					srv := &http.Server{Handler: received(p), TLSConfig: config.Clone(), ErrorLog: log.New(io.Discard, "", 0)}
					_ = srv.ServeTLS(l, "", "") // always an error: the listener was closed
				})
				return sentry.Destination{
					DSN: "https://" + addr + "/prefix/7", KeyFile: key, Proxy: noProxy, MaxInFlight: 8,
					EventsFrom: slog.Level(math.MinInt), TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
				}
			},
			Message: func(entry string) (string, error) { return field(entry, "message") },
			Invalid: invalid,
			Secrets: []string{testKey},
		})
	})
	t.Run("Logs", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				d := plainly(transporttest.ServeHTTP(t, p, received(p)))
				d.Mode = sentry.Logs
				return d
			},
			Message: func(entry string) (string, error) { return field(entry, "body") },
			Secrets: []string{testKey},
		})
	})
}

// received hands over each event and each log.
func received(p *transporttest.Peer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		items, err := readEnvelope(r)
		if err != nil || !strings.Contains(r.Header.Get("X-Sentry-Auth"), "sentry_key="+testKey) {
			http.Error(w, "unreadable", http.StatusInternalServerError) // a killed server's request ends like this
			return
		}
		var entries []string
		for _, it := range items {
			if it.kind == "event" {
				entries = append(entries, string(it.payload))
				continue
			}
			var logs struct{ Items []json.RawMessage }
			if err := json.Unmarshal(it.payload, &logs); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			for _, log := range logs.Items {
				entries = append(entries, string(log))
			}
		}
		p.Received(entries...)
	}
}

var errNoField = errors.New("no such field")

func field(entry, name string) (string, error) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(entry), &fields); err != nil {
		return "", err
	}
	value, ok := fields[name].(string)
	if !ok && fields[name] != nil {
		return "", errNoField
	}
	return value, nil
}
