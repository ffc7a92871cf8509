package elasticsearch_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
)

const canary = "s3cr3tCANARYv4lue"

// carriers are all the ways to configure a credential, with the header's value
// that each of them makes.
func carriers(t *testing.T, d elasticsearch.Destination, host string) map[string]struct {
	d    elasticsearch.Destination
	want string
} {
	file := func(text string) string { return testpki.File(t, t.TempDir(), "secret", []byte(text+"\n")) }
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+canary))
	with := func(change func(*elasticsearch.Destination)) elasticsearch.Destination {
		d := d
		change(&d)
		return d
	}
	return map[string]struct {
		d    elasticsearch.Destination
		want string
	}{
		"URL":          {with(func(d *elasticsearch.Destination) { d.URLs = []string{"https://user:" + canary + "@" + host} }), basic},
		"PasswordFile": {with(func(d *elasticsearch.Destination) { d.Username, d.PasswordFile = "user", file(canary) }), basic},
		"APIKeyFile":   {with(func(d *elasticsearch.Destination) { d.APIKeyFile = file(canary) }), "ApiKey " + canary},
		"TokenFile":    {with(func(d *elasticsearch.Destination) { d.TokenFile = file(canary) }), "Bearer " + canary},
		"Headers": {with(func(d *elasticsearch.Destination) {
			d.Headers = map[string]string{"Authorization": "ApiKey " + canary}
		}), "ApiKey " + canary},
		"Authorize": {with(func(d *elasticsearch.Destination) {
			d.Authorize = func(context.Context) (string, error) { return "ApiKey " + canary, nil }
		}), "ApiKey " + canary},
	}
}

// TestCredentials: each of them arrives.
func TestCredentials(t *testing.T) {
	s := &server{knows: true}
	node, d := serve(t, s)
	for name, c := range carriers(t, d, node.Listener.Addr().String()) {
		testkit.Deliver(t, testkit.Open(t, c.d), batch(0, 1))
		asked := s.requests()
		if got := asked[len(asked)-1].Header.Get("Authorization"); got != c.want {
			t.Errorf("%s: Authorization %q, want %q", name, got, c.want)
		}
	}
}

// TestS10_ErrorsHoldNoSecret is S10: a server that repeats all it knows, in a refusal
// of the request or of a document; one that hangs up; one with a wrong name.
func TestS10_ErrorsHoldNoSecret(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) string {
		user, password, _ := r.BasicAuth()
		text := fmt.Sprintf("%s %v %s %s", r.URL, r.Header, user, password)
		return strings.NewReplacer(`"`, "'", `\`, "/").Replace(text)
	}
	failures := map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"refusal": func(w http.ResponseWriter, r *http.Request) bool {
			refuse(w, 401, "security_exception", echo(w, r))
			return true
		},
		"document": func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			text := echo(w, r)
			fmt.Fprintf(w, `{"items":[{"create":{"status":400,"error":{"type":"%s","reason":"%s","caused_by":{"type":"%s"}}}}]}`, text, text, text)
			return true
		},
		"page": func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, echo(w, r))
			return true
		},
		"reset": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	}
	for name, before := range failures {
		node, d := serve(t, &server{before: before})
		for field, c := range carriers(t, d, node.Listener.Addr().String()) {
			err := testkit.Open(t, c.d).Send(t.Context(), batch(0, 1))
			text := testkit.Prints(err)
			for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte("user:" + canary))} {
				if err == nil || strings.Contains(text, secret) {
					t.Errorf("%s, %s: %s", field, name, text)
				}
			}
		}
	}
}

// TestRotatedKey: a key that is replaced in its file is used with the next
// request, without a restart, and nothing is lost to the old one (T30's sister
// for keys).
func TestRotatedKey(t *testing.T) {
	s := &server{knows: true}
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "ApiKey new" {
			refuse(w, 401, "security_exception", "unable to authenticate")
			return true
		}
		return false
	}
	_, d := serve(t, s)
	d.APIKeyFile = testpki.File(t, t.TempDir(), "key", []byte("old\n"))
	tr := testkit.Open(t, d)
	if out := transport.Classify(tr.Send(t.Context(), batch(0, 3)), 3); out != (transport.Outcome{}) {
		t.Errorf("401 is %+v", out)
	}
	if err := os.WriteFile(d.APIKeyFile, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Deliver(t, tr, batch(0, 3))
}

// TestClientCertificate is the way of the PKI realm.
func TestClientCertificate(t *testing.T) {
	ca := testpki.New(t, "authority")
	s := &server{knows: true}
	node := httptest.NewUnstartedServer(s)
	node.TLS = &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	node.Config.ErrorLog = testkit.DiscardLog()
	node.StartTLS()
	t.Cleanup(node.Close)
	d := elasticsearch.Destination{URLs: []string{node.URL}, Proxy: testkit.NoProxy, TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}}
	if err := testkit.Open(t, d).Send(t.Context(), batch(0, 1)); err == nil {
		t.Errorf("the server takes a client without a certificate: the test has no subject")
	}
	d.TLS = &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}}
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
}

// TestS18_Redirect is S18: nothing is followed, and nobody else gets the key.
func TestS18_Redirect(t *testing.T) {
	elsewhere, _ := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed, with %v", r.Header)
	}))
	_, d := serve(t, &server{before: func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Location", elsewhere.URL+"/_bulk")
		w.WriteHeader(307)
		return true
	}})
	d.Headers = map[string]string{"Authorization": "ApiKey " + canary}
	if err := testkit.Open(t, d).Send(t.Context(), batch(0, 1)); err == nil || transport.Classify(err, 1) != (transport.Outcome{}) {
		t.Errorf("Send = %v, want a plain error", err)
	}
}
