package otlp_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// overHTTP2 serves h by HTTP/2 without TLS, as a proxy before a gRPC server does.
func overHTTP2(t testing.TB, h http.HandlerFunc) otlp.Destination {
	t.Helper()
	node := httptest.NewUnstartedServer(h)
	node.Config.Protocols = new(http.Protocols)
	node.Config.Protocols.SetUnencryptedHTTP2(true)
	node.Start()
	t.Cleanup(node.Close)
	return otlp.Destination{URL: node.URL, Protocol: otlp.GRPC, AllowPlaintext: true, Lookup: environ(nil)}
}

// TestProxyBeforeGRPC: what proxies and servers of another kind answer to a gRPC
// call acknowledges nothing and condemns nothing: an HTTP status is never about
// records there, but for 413.
func TestProxyBeforeGRPC(t *testing.T) {
	for code, want := range map[int]transport.Outcome{
		200: {}, 204: {}, 302: {}, 400: {}, 401: {}, 404: {}, 413: {TooLarge: true}, 422: {}, 502: {}, 503: {After: 4 * time.Second},
	} {
		d := overHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if want.After > 0 {
				w.Header().Set("Retry-After", "4")
			}
			w.WriteHeader(code)
		})
		err := open(t, d).Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); err == nil || out != want {
			t.Errorf("%d: Send = %v, outcome %+v, want %+v", code, err, out, want)
		}
		if e, ok := errors.AsType[*httpstatus.Error](err); code >= 300 && (!ok || e.Status != code) {
			t.Errorf("%d: %v does not say so", code, err)
		}
		if code < 300 && !errors.Is(err, otlp.ErrAnswer) {
			t.Errorf("%d without a gRPC status: %v", code, err)
		}
	}
}

// TestBrokenGRPC: messages that are cut off, too long, or packed as nobody can
// read, behind a status of OK (T34). A bomb is not unpacked beyond 1 MiB.
func TestBrokenGRPC(t *testing.T) {
	head := func(flag byte, n int) string {
		return string([]byte{flag, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	for name, c := range map[string]struct{ encoding, body, status string }{
		"nothing":         {"", "", "0"},
		"half a head":     {"", "\x00\x00", "0"},
		"too little":      {"", head(0, 10) + "abc", "0"},
		"too much":        {"", head(0, 1) + "abc", "0"},
		"not protobuf":    {"", head(0, 3) + "\xff\xff\xff", "0"},
		"another packing": {"zstd", head(1, 3) + "abc", "0"},
		"not gzip":        {"gzip", head(1, 3) + "abc", "0"},
		"endless":         {"", head(0, 4<<20) + strings.Repeat("\x12\x00", 2<<20), "0"},
		"odd status":      {"", head(0, 0), "-1"},
		"text status":     {"", head(0, 0), "OK"},
	} {
		d := overHTTP2(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Encoding", c.encoding)
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = io.WriteString(w, c.body) // the client may have had enough
			w.Header().Set("Grpc-Status", c.status)
		})
		err := open(t, d).Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); !errors.Is(err, otlp.ErrAnswer) || out != (transport.Outcome{}) {
			t.Errorf("%s: Send = %v", name, err)
		}
	}
}

// TestRefusedEarly: a receiver that has had enough answers before it has read the
// request, which is how gRPC's servers refuse what is too large; a status of OK
// that comes so early acknowledges nothing.
func TestRefusedEarly(t *testing.T) {
	recs := batch(0, 3)
	for i := range recs {
		recs[i].Message = strings.Repeat("m", 1<<20)
	}
	for status, want := range map[string]transport.Outcome{"8": {TooLarge: true}, "0": {}} {
		d := overHTTP2(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", status)
			w.Header().Set("Grpc-Message", "received message larger than max")
			_, _ = w.Write(make([]byte, 5))
		})
		d.Compression = otlp.Uncompressed
		err := open(t, d).Send(t.Context(), recs)
		if out := transport.Classify(err, 3); err == nil || out != want {
			t.Errorf("status %s: Send = %v, outcome %+v, want %+v", status, err, out, want)
		}
	}
}

// TestVariablesForTLS: the files that the variables name make the connection, a
// client certificate included; without it there is none.
func TestVariablesForTLS(t *testing.T) {
	ca := testpki.New(t, "authority")
	s := &server{}
	node := httptest.NewUnstartedServer(s)
	node.TLS = &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}
	node.Config.ErrorLog = log.New(io.Discard, "", 0)
	node.StartTLS()
	defer node.Close()
	dir := t.TempDir()
	certPEM, keyPEM := ca.Issue(testpki.Leaf{})
	cert, key := testpki.File(t, dir, "client.pem", certPEM), testpki.File(t, dir, "client.key", keyPEM)
	vars := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": node.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": testpki.File(t, dir, "ca.pem", ca.PEM),
		"OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE": cert, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key,
	}
	if err := open(t, otlp.Destination{Lookup: environ(vars), Proxy: noProxy}).Send(t.Context(), batch(0, 1)); err != nil {
		t.Fatal(err)
	}
	delete(vars, "OTEL_EXPORTER_OTLP_CLIENT_KEY")
	delete(vars, "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE")
	err := open(t, otlp.Destination{Lookup: environ(vars), Proxy: noProxy}).Send(t.Context(), batch(0, 1))
	if out := transport.Classify(err, 1); err == nil || out != (transport.Outcome{}) {
		t.Errorf("without a certificate: %v", err)
	}
	vars["OTEL_EXPORTER_OTLP_CLIENT_KEY"] = key
	if _, err := (otlp.Destination{Lookup: environ(vars)}).Open(); !errors.Is(err, tlsconfig.ErrPair) {
		t.Errorf("a key without its certificate: %v", err)
	}
}

// TestTokenRotates: a token from a file is sent with each request, the new one
// from the next on, over both protocols, and shown by no error (S-list).
func TestTokenRotates(t *testing.T) {
	ca := testpki.New(t, "authority")
	for _, p := range []otlp.Protocol{otlp.HTTP, otlp.GRPC} {
		var seen []string
		node := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			seen = append(seen, r.Header.Get("Authorization"))
			http.Error(w, "not with "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}))
		node.EnableHTTP2 = true
		node.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
		node.StartTLS()
		defer node.Close()
		file := filepath.Join(t.TempDir(), "token")
		d := otlp.Destination{
			URL: node.URL, Protocol: p, TokenFile: file, Lookup: environ(nil), Proxy: noProxy,
			TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
		}
		write(t, file, "f1rst-t0ken")
		tr := open(t, d)
		for _, token := range []string{"f1rst-t0ken", "s3cond-t0ken"} {
			write(t, file, token)
			err := tr.Send(t.Context(), batch(0, 2))
			if out := transport.Classify(err, 2); err == nil || strings.Contains(err.Error(), token) || out != (transport.Outcome{}) {
				t.Errorf("%v: Send = %v", p, err)
			}
		}
		if fmt.Sprint(seen) != "[Bearer f1rst-t0ken Bearer s3cond-t0ken]" {
			t.Errorf("%v: %q", p, seen)
		}
	}
}

// TestPoison: through a handler, a record that the receiver refuses ends in the
// dead letter by itself, and one partial success is no loss of the others (T27).
func TestPoison(t *testing.T) {
	s := &server{}
	s.answer = func(w http.ResponseWriter, n int) {
		for _, m := range messages(s.requests()[n]) {
			if m == "poison" {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
		}
	}
	h, err := handler.New([]route.Route{{Name: "otel", To: plainly(t, s), Buffer: route.Buffer{StallTimeout: time.Minute}}}, &handler.Options{Dir: t.TempDir(), OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		m := fmt.Sprint("record ", i)
		if i == 50 {
			m = "poison"
		}
		if err := h.Log(t.Context(), 0, m); err != nil {
			t.Fatal(err)
		}
	}
	err = h.Close(t.Context())
	if stats := h.Stats().Routes[0]; err != nil || stats.Delivered != 99 || stats.Dead != 1 {
		t.Errorf("%d delivered, %d dead, %v", stats.Delivered, stats.Dead, err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
