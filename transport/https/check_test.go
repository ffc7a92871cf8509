package https_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Each answer to HEAD has its verdict, and nothing but HEAD is asked (S10: no
// secret in a finding, even if the server repeats it).
func TestCheck(t *testing.T) {
	const secret = "s3cret-token"
	token := testpki.File(t, t.TempDir(), "token", []byte(secret))
	status := 204
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "HEAD" || r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("Content-Type") != "" {
			t.Errorf("asked %s with %v", r.Method, r.Header)
		}
		w.Header().Set("Location", "https://elsewhere.example/?token="+secret)
		w.WriteHeader(status)
		w.Write([]byte(secret))
	}))
	defer server.Close()
	pool := &tlsconfig.Options{Config: server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}
	pool.Config.ServerName = "example.com"
	dest := https.Destination{URL: server.URL + "/in?key=" + secret, TokenFile: token, TLS: pool}
	const way = "name ok, connect ok, tls ok, certificate ok, "
	for s, want := range map[int]string{
		200: way + "protocol ok", 204: way + "protocol ok", 405: way + "protocol ok", 400: way + "protocol ok",
		401: way + "credentials failed", 403: way + "credentials failed", 404: way + "protocol warning",
		302: way + "protocol failed", 503: way + "protocol warning", 500: way + "protocol warning", 502: way + "protocol failed", 407: way + "proxy failed",
	} {
		status = s
		if found, got := testkit.Check(t, dest, secret); got != want {
			t.Errorf("%d: %s, want %s: %v", s, got, want, found)
		}
	}
	dest.TLS = nil
	if _, got := testkit.Check(t, dest, secret); got != "name ok, connect ok, tls failed, protocol skipped" {
		t.Errorf("a server that is not trusted: %s", got)
	}
}

func TestCheckThroughProxy(t *testing.T) {
	const password = "pr0xy-pass"
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.URL.Host }))
	defer proxy.Close()
	at, _ := url.Parse(strings.Replace(proxy.URL, "//", "//user:"+password+"@", 1))
	dest := https.Destination{URL: "http://far.example/in", AllowPlaintext: true, Proxy: http.ProxyURL(at)}
	if found, got := testkit.Check(t, dest, password); got != "name ok, connect ok, name skipped, protocol ok" || asked != "far.example" {
		t.Errorf("%s, asked for %q: %v", got, asked, found)
	}
	gone, _ := url.Parse("http://user:" + password + "@" + testkit.Closed(t))
	dest.Proxy = http.ProxyURL(gone)
	if found, got := testkit.Check(t, dest, password); got != "name ok, connect failed, name skipped, protocol skipped" {
		t.Errorf("%s: %v", got, found)
	}
}

// A token that can't be read any more is about credentials, not about the server.
func TestCheckWithoutToken(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	dest := https.Destination{URL: server.URL, AllowPlaintext: true, TokenFile: filepath.Join(t.TempDir(), "none")}
	if _, err := dest.Open(); err == nil {
		t.Error("Open needs no token")
	}
	if found, got := testkit.Check(t, https.Destination{URL: server.URL, AllowPlaintext: true}); got != "name ok, connect ok, protocol warning" {
		t.Errorf("%s: %v", got, found)
	}
}
