package https_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// batch returns n records whose messages and IDs number them from first on.
func batch(first, n int) []encode.Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	recs := make([]encode.Record, n)
	for i := range recs {
		number := first + i
		recs[i] = encode.Record{
			Time: at.Add(time.Duration(number) * time.Millisecond), Observed: at, Level: slog.LevelInfo,
			Message:  fmt.Sprintf("record %d", number),
			Attrs:    []slog.Attr{slog.Int("number", number), slog.String("path", "/v1/items"), slog.Duration("elapsed", time.Second)},
			Resource: &encode.Resource{Service: "checkout"},
		}
		binary.BigEndian.PutUint64(recs[i].ID[8:], uint64(number))
	}
	return recs
}

// unpack reads a request's body with decoders of the formats, not with code of
// the package under test.
func unpack(r *http.Request) ([]string, error) {
	var body io.Reader = r.Body
	switch e := r.Header.Get("Content-Encoding"); e {
	case "":
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(r.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		body = z
	default:
		return nil, fmt.Errorf("unknown Content-Encoding %q", e)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Content-Type") == "application/json" {
		return fromArray(data)
	}
	return fromLines(data)
}

func fromArray(data []byte) ([]string, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, err
	}
	entries := make([]string, len(texts))
	for i, text := range texts {
		entries[i] = string(text)
	}
	return entries, nil
}

func fromLines(data []byte) ([]string, error) {
	if !bytes.HasSuffix(data, []byte("\n")) {
		return nil, errors.New("the last line does not end")
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}

// message reads the message of one record.
func message(entry string) (string, error) {
	var fields struct{ Msg string }
	err := json.Unmarshal([]byte(entry), &fields)
	return fields.Msg, err
}

// receiver is a server that remembers what it took.
type receiver struct {
	*httptest.Server
	ca *testpki.CA

	mu       sync.Mutex
	headers  []http.Header // guarded by mu
	protos   []string      // guarded by mu
	messages []string      // guarded by mu
}

// serve starts a TLS server. answer may be nil for 200; it is called when the
// body has been read and stored.
func serve(t testing.TB, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := unstarted(t, testpki.New(t, "authority"), answer)
	r.start(t)
	return r
}

func unstarted(t testing.TB, ca *testpki.CA, answer http.HandlerFunc) *receiver {
	r := &receiver{ca: ca}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.take(req); err != nil {
			t.Errorf("request: %v", err)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if answer != nil {
			answer(w, req)
		}
	}))
	return r
}

// serveRaw starts a TLS server whose handler does everything.
func serveRaw(t testing.TB, handle http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{ca: testpki.New(t, "authority"), Server: httptest.NewUnstartedServer(handle)}
	r.start(t)
	return r
}

func (r *receiver) start(t testing.TB) {
	r.TLS = &tls.Config{Certificates: []tls.Certificate{r.ca.Pair(testpki.Leaf{Names: []string{"127.0.0.1", "localhost", "logs.example"}})}}
	r.EnableHTTP2 = true
	r.Config.ErrorLog = testkit.DiscardLog()
	r.StartTLS()
	t.Cleanup(r.Close)
}

func (r *receiver) take(req *http.Request) error {
	entries, err := unpack(req)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = append(r.headers, req.Header)
	r.protos = append(r.protos, req.Proto)
	for _, e := range entries {
		m, err := message(e)
		if err != nil {
			return err
		}
		r.messages = append(r.messages, m)
	}
	return nil
}

// taken returns the messages so far, and the header of the last request.
func (r *receiver) taken() ([]string, http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.headers) == 0 {
		return r.messages, nil
	}
	return r.messages, r.headers[len(r.headers)-1]
}

// destination trusts the receiver.
func (r *receiver) destination() https.Destination {
	return https.Destination{URL: r.URL, TLS: r.trusted(), Proxy: testkit.NoProxy}
}

func (r *receiver) trusted() *tlsconfig.Options {
	return &tlsconfig.Options{Config: &tls.Config{RootCAs: r.ca.Pool()}}
}

func mustParse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
