package httpstatus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// answer is a response as net/http hands it over.
func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	u := &url.URL{Scheme: "https", Host: "h", Path: "/p"}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status, " ", canary), Header: h,
		Body: io.NopCloser(strings.NewReader(body)), Request: &http.Request{URL: u},
	}
}

func checker() httpstatus.Checker {
	return httpstatus.Checker{
		Op: "test: send", URL: "https://user:" + canary + "@h/p?key=" + canary,
		Secrets: httpstatus.NewSecrets(canary),
	}
}

func TestCheckAccepts(t *testing.T) {
	for _, status := range []int{200, 201, 202, 204, 207, 299} {
		resp := answer(status, "the body")
		if err := checker().Check(resp); err != nil {
			t.Errorf("Check(%d) = %v", status, err)
		}
		if rest, _ := io.ReadAll(resp.Body); string(rest) != "the body" {
			t.Errorf("Check(%d) has read the body of an accepted batch", status)
		}
	}
}

func TestCheckRefusal(t *testing.T) {
	resp := answer(503, "over\x1b[1mloaded, "+canary, "Retry-After", "7")
	err := checker().Check(resp)
	e, ok := errors.AsType[*httpstatus.Error](err)
	if !ok {
		t.Fatalf("Check = %#v, want an *Error", err)
	}
	want := httpstatus.Error{
		Op: "test: send", URL: "https://xxxxx@h/p?key=xxxxx", Status: 503,
		RetryAfter: 7 * time.Second, Body: "over[1mloaded, xxxxx",
	}
	if *e != want {
		t.Errorf("Check = %+v\nwant %+v", *e, want)
	}
	if after := transport.Classify(err, 1).After; after != 7*time.Second {
		t.Errorf("the worker waits %v, want 7s", after)
	}
}

// TestRefusalOfSuccess: an adapter that finds an error in a 2xx uses the same
// type, and the status alone would say that all is well.
func TestRefusalOfSuccess(t *testing.T) {
	e := checker().Refusal(answer(200, "half of it"))
	if e.Status != 200 || e.Body != "half of it" {
		t.Errorf("Refusal = %+v", *e)
	}
}

func TestRedirect(t *testing.T) {
	for location, want := range map[string]string{
		"https://sso.example.com/login?state=" + canary: "https://sso.example.com/login?state=xxxxx",
		"/elsewhere?x=1":                     "https://h/elsewhere?x=xxxxx",
		"https://user:" + canary + "@ho st/": "",
		"":                                   "",
	} {
		err := checker().Check(answer(307, "", "Location", location))
		e, ok := errors.AsType[*httpstatus.Error](err)
		if !ok || e.Location != want {
			t.Errorf("Location %q: %+v, want %q", location, err, want)
		}
		if out := transport.Classify(err, 1); out != (transport.Outcome{}) {
			t.Errorf("a redirect is %+v, want plain", out)
		}
	}
}

// TestS10_ErrorsHoldNoSecret is S10: canaries in the URL, the status line, the
// Location, the body (also torn by a control character, and at the place where
// the excerpt is cut) and in what net/http says.
func TestS10_ErrorsHoldNoSecret(t *testing.T) {
	cut := strings.Repeat("x ", (httpstatus.MaxExcerpt-len(canary))/2) + canary
	torn := "unknown token " + canary[:6] + "\x00" + canary[6:] + " was sent"
	var errs []error
	for _, body := range []string{canary, "token " + canary + "!", cut, torn, `"` + url.QueryEscape(canary) + `"`} {
		for _, status := range []int{199, 302, 400, 401, 403, 407, 413, 422, 429, 500, 503, 777} {
			errs = append(errs, checker().Check(answer(status, body, "Retry-After", "3", "Location", "/"+canary)))
		}
	}
	for _, raw := range secretURLs() {
		c := checker()
		c.URL = raw
		errs = append(errs,
			c.Failed(&url.Error{Op: "Post", URL: raw, Err: io.ErrUnexpectedEOF}),
			c.Failed(fmt.Errorf("malformed HTTP response %q", "HTTP/1.1 "+canary)),
			c.Check(answer(500, "")))
	}
	for _, err := range errs {
		if text := prints(err); strings.Contains(text, canary) || strings.Contains(text, canary[:10]) {
			t.Errorf("an error holds the secret: %s", text)
		}
	}
}

func TestFailed(t *testing.T) {
	if checker().Failed(nil) != nil {
		t.Errorf("Failed(nil) is not nil")
	}
	cause := &url.Error{Op: "Post", URL: "https://h?x=" + canary, Err: context.DeadlineExceeded}
	err := checker().Failed(cause)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is gone: %v", err)
	}
	if out := transport.Classify(err, 1); out != (transport.Outcome{}) {
		t.Errorf("a failure is %+v, want plain", out)
	}
}

// TestCompressedBody is half of T34: an excerpt never unpacks.
func TestCompressedBody(t *testing.T) {
	resp := answer(500, "looks like text", "Content-Encoding", "gzip")
	if e := checker().Refusal(resp); e.Body != "" {
		t.Errorf("the excerpt of a compressed body is %q", e.Body)
	}
}

// endless is a body that never ends.
type endless struct{ read, closed int }

func (b *endless) Read(p []byte) (int, error) {
	b.read += len(p)
	return copy(p, bytes.Repeat([]byte("large "), len(p)/6+1)), nil
}
func (b *endless) Close() error { b.closed++; return nil }

// TestEndlessBody is T34: an endless body costs a bounded read and memory.
func TestEndlessBody(t *testing.T) {
	body := &endless{}
	resp := answer(500, "")
	resp.Body = body
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e := checker().Refusal(resp)
	httpstatus.Drain(resp.Body)
	runtime.ReadMemStats(&after)
	if len(e.Body) > httpstatus.MaxExcerpt || e.Body == "" {
		t.Errorf("the excerpt has %d bytes", len(e.Body))
	}
	if body.read > 2*httpstatus.MaxDrain || body.closed != 1 {
		t.Errorf("%d bytes were read, Close was called %d times", body.read, body.closed)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func ExampleChecker() {
	checker := httpstatus.Checker{Op: "https: send", URL: "https://user:secret@logs.example.com/in?token=secret"}
	resp := &http.Response{
		StatusCode: 429,
		Header:     http.Header{"Retry-After": {"30"}},
		Body:       io.NopCloser(strings.NewReader("quota used up\n")),
	}
	err := checker.Check(resp)
	httpstatus.Drain(resp.Body)
	fmt.Println(err)
	fmt.Println(transport.Classify(err, 1).After)
	// Output:
	// https: send "https://xxxxx@logs.example.com/in?token=xxxxx": 429 Too Many Requests: "quota used up" (retry after 30s)
	// 30s
}
