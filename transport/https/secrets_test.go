package https_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

const canary = "s3cr3tCANARYv4lue"

// carriers puts the canary into each field that may hold a secret, one at a
// time, for a server at addr.
func carriers(t *testing.T, addr string) map[string]https.Destination {
	return map[string]https.Destination{
		"password":      {URL: "https://user:" + canary + "@" + addr + "/p"},
		"user":          {URL: "https://" + canary + "@" + addr + "/p"},
		"query":         {URL: "https://" + addr + "/p?a=" + canary + "&b=1"},
		"bare query":    {URL: "https://" + addr + "/p?" + canary},
		"path":          {URL: "https://" + addr + "/services/" + canary + "0123456789"},
		"fragment":      {URL: "https://" + addr + "/p#" + canary},
		"authorization": {URL: "https://" + addr, Headers: header("Authorization", "Bearer "+canary)},
		"header":        {URL: "https://" + addr, Headers: header("X-Custom", canary)},
		"host header":   {URL: "https://" + addr, Headers: header("Cookie", "a="+canary)},
		"token":         {URL: "https://" + addr, TokenFile: testpki.File(t, t.TempDir(), "token", []byte(canary+"\n"))},
		"Authorize": {URL: "https://" + addr, Authorize: func(context.Context) (string, error) {
			return "Bearer " + canary, nil
		}},
	}
}

// echo answers with all that a server knows of the request, as debugging pages
// do, with an escape sequence for good measure.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/login?back="+r.URL.RequestURI())
		w.WriteHeader(status)
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "\x1b[1m%s %v %s %s", r.URL, r.Header, user, password)
	}
}

// reset hangs up on each connection.
func reset(t *testing.T) string {
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// garbage speaks TLS and then no HTTP: it sends back what it has read.
func garbage(t *testing.T, ca *testpki.CA) string {
	l := tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					if err != nil || len(line) < 3 {
						return
					}
					io.WriteString(c, strings.TrimSpace(line)+" ")
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestS10_ErrorsHoldNoSecret is S10: each field × each failure, in each way that an
// error is printed, with its whole chain.
func TestS10_ErrorsHoldNoSecret(t *testing.T) {
	ca := testpki.New(t, "authority")
	trusted := &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}
	type failure struct {
		addr  string
		tls   *tlsconfig.Options
		http1 bool
	}
	failures := map[string]failure{
		"refused":   {addr: closedAddr(t)},
		"dns":       {addr: "host.invalid:443"},
		"reset":     {addr: reset(t)},
		"unknown":   {addr: serveRaw(t, echo(200)).Listener.Addr().String()},
		"garbage":   {addr: garbage(t, ca), tls: trusted, http1: true},
		"plaintext": {addr: plaintext(t)},
	}
	for _, status := range []int{302, 307, 400, 401, 403, 413, 429, 500, 503} {
		server := serveRaw(t, echo(status))
		failures[fmt.Sprint(status)] = failure{addr: server.Listener.Addr().String(), tls: server.trusted()}
		failures[fmt.Sprint(status, " HTTP1")] = failure{addr: server.Listener.Addr().String(), tls: server.trusted(), http1: true}
	}
	for what, f := range failures {
		for where, d := range carriers(t, f.addr) {
			d.TLS, d.HTTP1, d.Proxy, d.ConnectTimeout = f.tls, f.http1, testkit.NoProxy, 2*time.Second
			errs := []error{failsWith(t, d, 5*time.Second)}
			for _, err := range errs {
				hidden(t, what+" × "+where, err)
			}
		}
	}
}

// TestS10_TimeoutHoldsNoSecret is S10's slow failure.
func TestS10_TimeoutHoldsNoSecret(t *testing.T) {
	server := serveRaw(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	for where, d := range carriers(t, server.Listener.Addr().String()) {
		d.TLS, d.Proxy = server.trusted(), testkit.NoProxy
		err := failsWith(t, d, 20*time.Millisecond)
		hidden(t, "timeout × "+where, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("timeout × %s: %v, want DeadlineExceeded", where, err)
		}
	}
}

// TestOpenHoldsNoSecret: what does not even parse, or is refused.
func TestOpenHoldsNoSecret(t *testing.T) {
	bad := map[string]https.Destination{
		"header": {URL: "https://h", Headers: header("X-Key", canary+"\n")},
		"token":  {URL: "https://h", TokenFile: testpki.File(t, t.TempDir(), "token", []byte(canary+"\n"+canary))},
		"twice":  {URL: "https://u:" + canary + "@h", Headers: header("Authorization", canary)},
	}
	for i, u := range []string{
		"https://user:" + canary + "@ho st/", "https://user:" + canary + "/x@h", "https://user:%zz" + canary + "@h",
		"https://user:1/" + canary + "@h", "https://h:" + canary, "user:" + canary + "@h", canary, "https://h/%zz?" + canary,
		"http://user:" + canary + "@h", "http://h/?token=" + canary, "ftp://user:" + canary + "@h", "https://:1/" + canary,
	} {
		bad[fmt.Sprint("URL ", i)] = https.Destination{URL: u}
		bad[fmt.Sprint("plaintext URL ", i)] = https.Destination{URL: u, AllowPlaintext: true}
	}
	for where, d := range bad {
		_, err := d.Open()
		if err == nil {
			t.Errorf("%s: Open accepted it", where)
		}
		hidden(t, where, err)
	}
}

// TestProxyHoldsNoSecret: the proxy's credentials, by its refusal, its silence,
// and an address that does not parse.
func TestProxyHoldsNoSecret(t *testing.T) {
	proxy := func(raw string) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) { return url.Parse(raw) }
	}
	refuses := func(status int) string {
		s := http.Server{ErrorLog: testkit.DiscardLog(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(status)
			fmt.Fprintf(w, "%v", r.Header)
		})}
		l := listen(t)
		go s.Serve(l)
		t.Cleanup(func() { s.Close() })
		return l.Addr().String()
	}
	proxies := map[string]string{
		"refused": "http://user:" + canary + "@" + closedAddr(t),
		"socks":   "socks5://user:" + canary + "@" + reset(t),
		"reset":   "http://user:" + canary + "@" + reset(t),
		"parse":   "http://user:" + canary + "@ho st:1",
		"scheme":  "ftp://user:" + canary + "@h",
	}
	for _, status := range []int{400, 407, 413, 502} {
		proxies[fmt.Sprint(status)] = "http://user:" + canary + "@" + refuses(status)
	}
	for what, raw := range proxies {
		err := failsWith(t, https.Destination{URL: "https://logs.example.com/p", Proxy: proxy(raw)}, 5*time.Second)
		hidden(t, what, err)
		if out := transport.Classify(err, 3); out != (transport.Outcome{}) {
			t.Errorf("%s: %+v: a proxy's answer is not about records", what, out)
		}
		e, ok := errors.AsType[*httpstatus.Error](err)
		if ok != (strings.Trim(what, "0123456789") == "") {
			t.Errorf("%s: the proxy's status is not in %v", what, err)
		}
		if ok && !strings.Contains(e.URL, "127.0.0.1") {
			t.Errorf("%s: the error does not name the proxy: %+v", what, e)
		}
	}
}

// TestDestinationPrints: a Destination printed by accident shows nothing.
func TestDestinationPrints(t *testing.T) {
	for where, d := range carriers(t, "h") {
		for _, v := range []any{d, &d, transport.Destination(d), []https.Destination{d}} {
			if text := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); strings.Contains(text, canary) {
				t.Errorf("%s: %s", where, text)
			}
		}
	}
}

// TestEncoderErrorsStay: an encoder's error is the user's to see.
func TestEncoderErrorsStay(t *testing.T) {
	err := testkit.Open(t, https.Destination{URL: "https://h", Encoder: lines{"application/json"}}).
		Send(t.Context(), []encode.Record{{Message: "bad"}})
	batchErr, ok := errors.AsType[*transport.BatchError](err)
	if !ok || !errors.Is(batchErr.Errs[0], errBad) {
		t.Errorf("Send = %v", err)
	}
}

// failsWith opens d and returns Send's error.
func failsWith(t *testing.T, d https.Destination, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	err := testkit.Open(t, d).Send(ctx, batch(0, 3))
	if err == nil {
		t.Errorf("Send to %v succeeded", d)
	}
	return err
}

// hidden fails the test if the canary is anywhere in err, plain or in base64.
func hidden(t *testing.T, what string, err error) {
	t.Helper()
	text := testkit.Prints(err)
	for _, form := range []string{canary, canary[:9], base64.StdEncoding.EncodeToString([]byte("user:" + canary))[:20]} {
		if strings.Contains(text, form) {
			t.Errorf("%s: an error holds the secret: %s", what, text)
			return
		}
	}
	if strings.ContainsRune(text, 0x1b) {
		t.Errorf("%s: an error holds an escape sequence: %q", what, text)
	}
}

// closedAddr is an address where nothing listens.
func closedAddr(t *testing.T) string {
	l := listen(t)
	l.Close()
	return l.Addr().String()
}

// plaintext is a server that knows no TLS.
func plaintext(t *testing.T) string {
	l := listen(t)
	s := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: testkit.DiscardLog()}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}
