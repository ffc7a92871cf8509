package all_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// asked is one request as a server sees it, its body without compression.
type asked struct {
	line   string // method and target
	header http.Header
	body   []byte
}

// web is a server that keeps what it is asked and takes everything.
type web struct {
	mu   sync.Mutex
	seen []asked // guarded by mu
}

func (s *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := unzipped(r)
	s.mu.Lock()
	s.seen = append(s.seen, asked{r.Method + " " + r.RequestURI, r.Header, body})
	s.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case strings.HasSuffix(r.URL.Path, "/_bulk"):
		items := bytes.Count(body, []byte("\n")) / 2
		fmt.Fprintf(w, `{"errors":false,"items":[%s]}`, strings.TrimSuffix(strings.Repeat(`{"create":{"status":201}},`, items), ","))
	case strings.HasSuffix(r.URL.Path, "/push"):
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/v1/logs"):
		w.Header().Set("Content-Type", "application/x-protobuf")
	default:
		io.WriteString(w, "{}")
	}
}

func unzipped(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// take returns what was asked since the last call.
func (s *web) take() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// overHTTP are the adapters that speak HTTP. Those that choose a name by an
// attribute do so by "tenant", and have one name to choose.
func overHTTP(url string, headers map[string]string, o *tlsconfig.Options) map[string]transport.Destination {
	key := "https://key@" + strings.TrimPrefix(url, "https://") + "/1"
	return map[string]transport.Destination{
		"https": https.Destination{URL: url + "/in", Headers: headers, TLS: o},
		"elasticsearch": elasticsearch.Destination{
			URLs: []string{url}, Headers: headers, Index: "logs-all-x", IndexAttr: "tenant", Indices: map[string]string{"good": "logs-good-x"}, TLS: o,
		},
		"loki":   loki.Destination{URL: url, Headers: headers, Format: loki.JSON, Tenant: "ours", Labels: map[string]string{"cluster": "eu1"}, TLS: o},
		"sentry": sentry.Destination{DSN: key, Headers: headers, Tags: []string{"tenant"}, TLS: o},
		"otlp":   otlp.Destination{URL: url, Headers: headers, TLS: o},
	}
}

// serveHTTPS returns the server's URL, and how to speak with it.
func serveHTTPS(t *testing.T, h http.Handler) (url string, o *tlsconfig.Options) {
	t.Helper()
	ca := testpki.New(t, "ours")
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = testkit.DiscardLog()
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, &tlsconfig.Options{CAFile: testpki.File(t, t.TempDir(), "ca", ca.PEM)}
}

// outsiders are values that want to be somebody else's name, or more than a name.
func outsiders() []string {
	all := []string{
		"../../etc/passwd", "/etc/passwd", "..", ".", "", "logs-other-x", "logs-good-x", "_all", "*", ".kibana", "logs-*,other", "<logs-{now/d}>",
		"x\r\nX-Injected: 1", "x\nHost: evil", "x\x00y", "?q=1", "#fragment", "a/../b", "%2e%2e%2f", "%0d%0aX-Injected: 1", "a b", "{tenant}",
		"${tenant}", "ours|theirs", "tenant-2", "good\x00", "GOOD", " good", "\u2028", "\u202egood", "con", "C:\\x", "\\\\host\\share", "evil.example:443",
	}
	return append(all, strings.Repeat("n", 300), strings.Repeat("../", 200), `"},"_index":"other","x":{"`, `{"create":{"_index":"other"}}`)
}

// outsider says it everywhere: as a message, a value, a key, a group, a scope, an
// error, and under the names that destinations have for such things.
func outsider(say string) encode.Record {
	attrs := []slog.Attr{slog.String("tenant", say), slog.String(say, say), slog.Group(say, slog.String(say, say)), slog.Any("err", errors.New(say))}
	for _, name := range []string{"_index", "index", "topic", "routing_key", "X-Scope-OrgID", "service_name", "url", "path", "Host"} {
		attrs = append(attrs, slog.String(name, say))
	}
	return encode.Record{
		ID: encode.NewIDSource().Next(time.Now()), Time: time.Now(), Observed: time.Now(), Level: slog.LevelError,
		Message: say, Scope: say, Attrs: attrs, Resource: &encode.Resource{Service: "shop"},
	}
}

// deliverOne is a Send of one record whose outcome does not matter.
func deliverOne(t *testing.T, tr transport.Transport, rec encode.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := tr.Send(ctx, []encode.Record{rec}); err != nil {
		t.Errorf("%q: %v", rec.Message, err)
	}
}

// key is a hash of the records' IDs, which no log call chooses.
var key = regexp.MustCompile(`^[0-9a-f]{32}$`)

// shape is all of a request that says where it goes and how: method, target and
// every header but those that follow from the body's size.
func shape(a asked) string {
	var out strings.Builder
	header := a.header.Clone()
	header.Del("Content-Length")
	header.Del("Content-Encoding") // small bodies have none
	if key.MatchString(header.Get("Idempotency-Key")) {
		header.Set("Idempotency-Key", "a hash")
	}
	out.WriteString(a.line + "\n")
	if err := header.Write(&out); err != nil {
		return err.Error()
	}
	return out.String()
}

// names are the indices and streams that the body says itself.
func names(t *testing.T, adapter string, body []byte) (all []string) {
	t.Helper()
	switch adapter {
	case "elasticsearch":
		for i, line := range bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")) {
			var action map[string]map[string]string
			if i%2 == 1 {
				continue
			}
			if err := json.Unmarshal(line, &action); err != nil {
				t.Errorf("no action: %q", line)
			}
			for verb, of := range action {
				all = append(all, verb+" "+of["_index"])
			}
		}
	case "loki":
		var push struct {
			Streams []struct{ Stream map[string]string }
		}
		if err := json.Unmarshal(body, &push); err != nil {
			t.Errorf("no push request: %v", err)
		}
		for _, s := range push.Streams {
			all = append(all, fmt.Sprint(s.Stream))
		}
	}
	return all
}

// S7: what a record says becomes no URL, no header, no index, no label and no
// tenant: every request has the shape of a request with a harmless record, and
// names what the configuration names.
func TestS7_Requests(t *testing.T) {
	inputs, outside := 0, 0
	server := &web{}
	url, o := serveHTTPS(t, server)
	for adapter, to := range overHTTP(url, nil, o) {
		tr, err := to.Open()
		if err != nil {
			t.Fatalf("%s: %v", adapter, err)
		}
		shapes, said := map[string]bool{}, map[string]bool{}
		for _, tenant := range []string{"harmless", "good"} {
			deliverOne(t, tr, outsider(tenant))
			for _, a := range server.take() {
				shapes[shape(a)] = true
				for _, name := range names(t, adapter, a.body) {
					said[name] = true
				}
			}
		}
		if len(shapes) != 1 || adapter == "elasticsearch" && len(said) != 2 {
			t.Errorf("%s: %d shapes, names %v: the test has lost its subject", adapter, len(shapes), said)
		}
		for _, say := range outsiders() {
			inputs++
			deliverOne(t, tr, outsider(say))
			for _, a := range server.take() {
				if !shapes[shape(a)] {
					outside++
					t.Errorf("%s: %q makes the request %q", adapter, say, shape(a))
				}
				for _, name := range names(t, adapter, a.body) {
					if !said[name] {
						outside++
						t.Errorf("%s: %q makes the name %q", adapter, say, name)
					}
				}
			}
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("S7: %d records, outside the configuration %d", inputs, outside)
}

// S7 for files: a record makes no file and leaves no place but the one that the
// configuration names, rotated or not.
func TestS7_Files(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "logs", "app.log")
	tr, err := file.Destination{Path: path, MaxSize: 4 << 10}.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, say := range outsiders() {
		deliverOne(t, tr, outsider(say))
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	outside, there := 0, 0
	err = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			there++
			if !strings.HasPrefix(name, filepath.Join(dir, "logs", "app")) {
				outside++
				t.Errorf("there is a file %q", name)
			}
		}
		return err
	})
	if err != nil || there < 2 {
		t.Errorf("%d files, %v: nothing was rotated", there, err)
	}
	t.Logf("S7: %d records in %d files, outside %d", len(outsiders()), there, outside)
}
