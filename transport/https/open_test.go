package https_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func authorize(context.Context) (string, error) { return "Bearer token", nil }

func header(name, value string) map[string]string { return map[string]string{name: value} }

// TestOpenRefuses has each field's wrong values; the errors are typed.
func TestOpenRefuses(t *testing.T) {
	const u = "https://h/p"
	dir := t.TempDir()
	token := testpki.File(t, dir, "token", []byte("token\n"))
	file := func(name, contents string) string { return testpki.File(t, dir, name, []byte(contents)) }
	tests := []struct {
		name string
		d    https.Destination
		want error
	}{
		{"no URL", https.Destination{}, https.ErrConfig},
		{"no scheme", https.Destination{URL: "h/p"}, https.ErrConfig},
		{"scheme", https.Destination{URL: "ftp://h/p"}, https.ErrConfig},
		{"no host", https.Destination{URL: "https:///p"}, httpstatus.ErrURL},
		{"does not parse", https.Destination{URL: "https://h:port/"}, httpstatus.ErrURL},
		{"Format", https.Destination{URL: u, Format: 2}, https.ErrConfig},
		{"Compression", https.Destination{URL: u, Compression: 3}, https.ErrConfig},
		{"array of text", https.Destination{URL: u, Format: https.JSONArray, Encoder: lines{"text/plain"}}, https.ErrConfig},
		{"Encoder", https.Destination{URL: u, Encoder: encode.JSONLines{Keys: encode.Keys{Time: "x", Level: "x"}}}, encode.ErrKeys},
		{"MaxInFlight", https.Destination{URL: u, MaxInFlight: -1}, https.ErrConfig},
		{"MaxInFlight too many", https.Destination{URL: u, MaxInFlight: 1025}, https.ErrConfig},
		{"ConnectTimeout", https.Destination{URL: u, ConnectTimeout: -1}, https.ErrConfig},
		{"IdleTimeout", https.Destination{URL: u, IdleTimeout: -1}, https.ErrConfig},
		{"header name", https.Destination{URL: u, Headers: header("X Y", "v")}, https.ErrConfig},
		{"empty header name", https.Destination{URL: u, Headers: header("", "v")}, https.ErrConfig},
		{"header value", https.Destination{URL: u, Headers: header("X", "a\r\nY: b")}, https.ErrConfig},
		{"own header", https.Destination{URL: u, Headers: header("content-length", "1")}, https.ErrConfig},
		{"Expect", https.Destination{URL: u, Headers: header("Expect", "100-continue")}, https.ErrConfig},
		{"header twice", https.Destination{URL: u, Headers: map[string]string{"x-a": "1", "X-A": "2"}}, https.ErrConfig},
		{"two credentials", https.Destination{URL: "https://u:p@h", Authorize: authorize}, https.ErrConfig},
		{"token and header", https.Destination{URL: u, TokenFile: token, Headers: header("authorization", "x")}, https.ErrConfig},
		{"TokenHeader alone", https.Destination{URL: u, TokenHeader: "X-Key"}, https.ErrConfig},
		{"TokenHeader name", https.Destination{URL: u, TokenFile: token, TokenHeader: "X Key"}, https.ErrConfig},
		{"TokenHeader own", https.Destination{URL: u, TokenFile: token, TokenHeader: "Connection"}, https.ErrConfig},
		{"TokenHeader twice", https.Destination{URL: u, TokenFile: token, TokenHeader: "X-Key", Headers: header("x-key", "x")}, https.ErrConfig},
		{"empty token", https.Destination{URL: u, TokenFile: file("empty", " \n")}, https.ErrToken},
		{"token of two lines", https.Destination{URL: u, TokenFile: file("two", "a\nb\n")}, https.ErrToken},
		{"token too long", https.Destination{URL: u, TokenFile: file("long", strings.Repeat("a", 64<<10+1))}, https.ErrToken},
		{"token is a directory", https.Destination{URL: u, TokenFile: dir}, https.ErrToken},
		{"TLS", https.Destination{URL: u, TLS: &tlsconfig.Options{CertFile: "a"}}, tlsconfig.ErrPair},
		{"plaintext", https.Destination{URL: "http://h/p"}, https.ErrPlaintext},
		{"plaintext with user information", https.Destination{URL: "http://u:p@h/p", AllowPlaintext: true}, https.ErrPlaintext},
		{"plaintext with Authorize", https.Destination{URL: "http://h/p", AllowPlaintext: true, Authorize: authorize}, https.ErrPlaintext},
		{"plaintext with a token", https.Destination{URL: "http://h/p", AllowPlaintext: true, TokenFile: token}, https.ErrPlaintext},
		{"plaintext with a password", https.Destination{URL: "http://h/p", AllowPlaintext: true, Username: "u", PasswordFile: token}, https.ErrPlaintext},
		{"Username alone", https.Destination{URL: u, Username: "u"}, https.ErrConfig},
		{"PasswordFile alone", https.Destination{URL: u, PasswordFile: token}, https.ErrConfig},
		{"Username with a colon", https.Destination{URL: u, Username: "u:v", PasswordFile: token}, https.ErrConfig},
		{"password and token", https.Destination{URL: u, Username: "u", PasswordFile: token, TokenFile: token}, https.ErrConfig},
		{"password and TokenHeader", https.Destination{URL: u, Username: "u", PasswordFile: token, TokenHeader: "X-Key"}, https.ErrConfig},
		{"password and user information", https.Destination{URL: "https://a:b@h", Username: "u", PasswordFile: token}, https.ErrConfig},
		{"plaintext with TLS", https.Destination{URL: "http://h/p", AllowPlaintext: true, TLS: &tlsconfig.Options{}}, https.ErrPlaintext},
		{"plaintext with Authorization", https.Destination{URL: "http://h/p", AllowPlaintext: true, Headers: header("Authorization", "x")}, https.ErrPlaintext},
		{"plaintext with an API key", https.Destination{URL: "http://h/p", AllowPlaintext: true, Headers: header("X-Api-Key", "x")}, https.ErrPlaintext},
		{"plaintext with a cookie", https.Destination{URL: "http://h/p", AllowPlaintext: true, Headers: header("cookie", "x")}, https.ErrPlaintext},
		{"plaintext with a token in the query", https.Destination{URL: "http://h/p?access_token=x", AllowPlaintext: true}, https.ErrPlaintext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr, err := tt.d.Open()
			if !errors.Is(err, tt.want) {
				t.Errorf("Open = %v, want %v", err, tt.want)
			}
			if err == nil {
				tr.Close()
			}
		})
	}
	if _, err := (https.Destination{URL: u, TokenFile: filepath.Join(dir, "none")}).Open(); err == nil {
		t.Errorf("a TokenFile that is not there was accepted")
	}
}

// TestOpenAccepts: what looks close to the above and is fine.
func TestOpenAccepts(t *testing.T) {
	for _, d := range []https.Destination{
		{URL: "https://h"},
		{URL: "HTTPS://h:8443/p?a=b#c"},
		{URL: "https://u:p@h", Headers: header("X-Api-Key", "x")},
		{URL: "http://h/p?source=x", AllowPlaintext: true, Headers: header("X-Scope-OrgID", "team")},
		{URL: "https://h", AllowPlaintext: true, Authorize: authorize},
		{URL: "https://h", Format: https.JSONArray, Encoder: lines{"application/ecs+json"}},
	} {
		tr, err := d.Open()
		if err != nil {
			t.Errorf("Open(%v) = %v", d, err)
			continue
		}
		tr.Close()
	}
}

func TestDescribe(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 8: 8} {
		got := testkit.Open(t, https.Destination{URL: "https://h", MaxInFlight: n}).Describe()
		if got != (transport.Description{MaxInFlight: want, Acknowledged: true}) {
			t.Errorf("MaxInFlight %d: %+v", n, got)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range []fmt.Stringer{https.NDJSON, https.JSONArray, https.Format(9), https.Gzip, https.Zstd, https.Uncompressed, https.Compression(9)} {
		if seen[n.String()] {
			t.Errorf("%v is the name of two", n)
		}
		seen[n.String()] = true
	}
}

// Example sends to a server that wants a token from a mounted secret and JSON
// arrays.
func Example() {
	destination := https.Destination{
		URL:         "https://logs.example.com/ingest",
		Format:      https.JSONArray,
		TokenFile:   "/run/secrets/log-token",
		MaxInFlight: 4,
	}
	fmt.Println(destination)
	// Output: https.Destination(https://logs.example.com/ingest)
}

// ExampleDestination_proxy goes around the proxy of the environment.
func ExampleDestination_proxy() {
	proxy := http.ProxyURL(nil)
	tr, err := https.Destination{URL: "https://logs.internal/ingest", Proxy: proxy}.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tr.Close()
	fmt.Println(tr.Describe().Acknowledged)
	// Output: true
}
