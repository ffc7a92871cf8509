package httppost_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// What https and elasticsearch do with a client is tested there, over the wire:
// TLS, connections, pools, secrets, hostile answers. Here is what an adapter
// hands over and gets back.

// serve starts a server without TLS, for a client of the package "adapter".
func serve(t *testing.T, handle http.HandlerFunc) httppost.Options {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return httppost.Options{
		Adapter: "adapter", URL: server.URL + "/in?a=1", AllowPlaintext: true, ContentType: "text/x-test",
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
	}
}

func open(t *testing.T, o httppost.Options) *httppost.Client {
	t.Helper()
	c, err := o.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func text(s string) func([]byte) []byte { return func(dst []byte) []byte { return append(dst, s...) } }

// TestRequest: what of a Request and the Options is in the POST.
func TestRequest(t *testing.T) {
	var got *http.Request
	var body string
	o := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, body = r, string(data)
	})
	o.Headers = map[string]string{"X-Own": "value"}
	c := open(t, o)
	for _, row := range []struct {
		r          httppost.Request
		query, key string
	}{
		{httppost.Request{Body: text("one")}, "a=1", ""},
		{httppost.Request{Body: text("two"), Query: "b=2", Key: "k"}, "b=2", "k"},
		{httppost.Request{Body: text("three"), Key: httppost.IdempotencyKey(make([]encode.Record, 2))}, "a=1", "66687aadf862bd776c8fc18b8e9f8e20"},
	} {
		if silent, err := c.Post(t.Context(), &row.r); silent || err != nil {
			t.Fatalf("Post = %v, %v", silent, err)
		}
		h := got.Header
		if body != string(row.r.Body(nil)) || got.Method != "POST" || got.URL.Path != "/in" || got.URL.RawQuery != row.query ||
			h.Get("Idempotency-Key") != row.key || h.Get("Content-Type") != "text/x-test" || h.Get("X-Own") != "value" {
			t.Errorf("%q: %s %s %v", body, got.Method, got.URL, h)
		}
		if (h["Idempotency-Key"] == nil) != (row.key == "") {
			t.Errorf("%q: an empty header", body)
		}
	}
}

// TestNothingToSend: an empty body is no request.
func TestNothingToSend(t *testing.T) {
	c := open(t, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came") }))
	if silent, err := c.Post(t.Context(), &httppost.Request{Body: text("")}); silent || err != nil {
		t.Errorf("Post = %v, %v", silent, err)
	}
}

// TestAnswers: Accept has the body of a 2xx, Refuse all others, and both have the
// last word.
func TestAnswers(t *testing.T) {
	status := 200
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		io.WriteString(w, "the answer to "+r.Header.Get("X-Key"))
	})
	o.URL, o.Headers = o.URL[:strings.Index(o.URL, "?")], map[string]string{"X-Trace": "not a secret"}
	c := open(t, o)
	mine := errors.New("mine")
	r := httppost.Request{
		Body: text("x"),
		Accept: func(body io.Reader, mask func(string) string) error {
			data, err := io.ReadAll(body)
			if err != nil || string(data) != "the answer to " || mask("plain") != "plain" || mask("a not a secret b") == "a not a secret b" {
				t.Errorf("Accept has %q, %v; masked %q", data, err, mask("a not a secret b"))
			}
			return mine
		},
		Refuse: func(e *httpstatus.Error) error {
			if e.Status != status || e.Body != "the answer to" || !strings.HasPrefix(e.Error(), "adapter: send") {
				t.Errorf("Refuse has %v", e)
			}
			return mine
		},
	}
	for _, status = range []int{200, 201, 400, 413, 503} {
		if silent, err := c.Post(t.Context(), &r); silent || !errors.Is(err, mine) {
			t.Errorf("%d: Post = %v, %v", status, silent, err)
		}
	}
	r.Refuse = nil
	status = 413
	if _, err := c.Post(t.Context(), &r); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("413 without Refuse: %v", err)
	}
}

// TestSilent: no answer, and only that, is silence.
func TestSilent(t *testing.T) {
	o := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	c := open(t, o)
	if silent, err := c.Post(t.Context(), &httppost.Request{Body: text("x")}); !silent || err == nil {
		t.Errorf("a connection that breaks: %v, %v", silent, err)
	}
	o.Authorize, o.AllowPlaintext = func(context.Context) (string, error) { return "", errors.New("no token") }, false
	o.URL = "https://127.0.0.1:1/"
	if silent, err := open(t, o).Post(t.Context(), &httppost.Request{Body: text("x")}); silent || err == nil {
		t.Errorf("no token: %v, %v; nobody was asked", silent, err)
	}
	c.Close()
	if silent, err := c.Post(t.Context(), &httppost.Request{Body: text("x")}); silent || !errors.Is(err, transport.ErrClosed) {
		t.Errorf("after Close: %v, %v", silent, err)
	}
}

// TestSlowAnswer: Accept may take as long as ctx lets it, not the half second that
// the rest of any other answer has; and no longer.
func TestSlowAnswer(t *testing.T) {
	more := make(chan struct{})
	o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		select {
		case <-more:
			io.WriteString(w, "last")
		case <-r.Context().Done():
		}
	})
	c := open(t, o)
	time.AfterFunc(700*time.Millisecond, func() { close(more) })
	got := ""
	r := httppost.Request{Body: text("x"), Accept: func(body io.Reader, _ func(string) string) error {
		data, err := io.ReadAll(body)
		got = string(data)
		return err
	}}
	if _, err := c.Post(t.Context(), &r); err != nil || got != "first last" {
		t.Errorf("an answer in two parts: %q, %v", got, err)
	}
	more = make(chan struct{}) // never closed
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Post(ctx, &r); err == nil {
		t.Errorf("an answer that never ends: %q, nil", got)
	}
}

// The time for a check is over while its answer is judged: what closes the body
// then, and what puts the bytes that were read in its place, are two.
func TestAskEndsWhileJudged(t *testing.T) {
	c := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		f := c.Ask(ctx, httppost.Ask{Check: "protocol", Judge: func(*httppost.Answer) (transport.Finding, bool) {
			cancel()
			return transport.Finding{}, false
		}})
		if _, ok := errors.AsType[*httpstatus.Error](f.Err); !ok {
			t.Errorf("%+v", f)
		}
	}
}

// TestTokenFile: the file is looked at in Open, and is one source of credentials.
// What is sent of it is elasticsearch's TestCredentials.
func TestTokenFile(t *testing.T) {
	o := httppost.Options{
		Adapter: "adapter", URL: "https://h", TokenField: "KeyFile", TokenFile: testpki.File(t, t.TempDir(), "empty", nil),
	}
	if _, err := o.Open(); !errors.Is(err, httppost.ErrToken) {
		t.Errorf("an empty file: %v", err)
	}
	o.TokenFile = testpki.File(t, t.TempDir(), "key", []byte("key"))
	o.Headers = map[string]string{"Authorization": "x"}
	if _, err := o.Open(); !errors.Is(err, httppost.ErrConfig) {
		t.Errorf("two credentials: %v", err)
	}
}
