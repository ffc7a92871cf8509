package https_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/httpstatus"
)

// TestStatuses sends the table of DESIGN §4 over the wire.
func TestStatuses(t *testing.T) {
	plain := transport.Outcome{}
	status := make(chan int, 1)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(<-status)
		io.WriteString(w, "the reason")
	})
	tr := testkit.Open(t, server.destination())
	for code, want := range map[int]transport.Outcome{
		300: plain, 301: plain, 302: plain, 303: plain, 307: plain, 308: plain,
		400: {Permanent: true}, 422: {Permanent: true}, 413: {TooLarge: true},
		401: plain, 403: plain, 404: plain, 405: plain, 407: plain, 408: plain, 409: plain, 415: plain, 429: plain,
		500: plain, 501: plain, 502: plain, 503: plain, 504: plain, 599: plain,
	} {
		status <- code
		err := tr.Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); out != want {
			t.Errorf("%d: the worker sees %+v, want %+v", code, out, want)
		}
		e, ok := errors.AsType[*httpstatus.Error](err)
		if !ok || e.Status != code || e.Body != "the reason" {
			t.Errorf("%d: the answer is not in %#v", code, err)
		}
	}
	for _, code := range []int{200, 201, 202, 204, 206, 207} {
		status <- code
		if err := tr.Send(t.Context(), batch(0, 3)); err != nil {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestRetryAfter is T33's wire half: both forms reach the worker.
func TestRetryAfter(t *testing.T) {
	values := make(chan string, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", <-values)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	tr := testkit.Open(t, server.destination())
	for value, want := range map[string]time.Duration{
		"120": 2 * time.Minute,
		time.Now().Add(100 * time.Second).UTC().Format(http.TimeFormat): 100 * time.Second,
		"99999999": httpstatus.MaxRetryAfter,
	} {
		values <- value
		got := transport.Classify(tr.Send(t.Context(), batch(0, 1)), 1).After
		if diff := (got - want).Abs(); diff > want/10 {
			t.Errorf("Retry-After %q: the worker waits %v, want %v ± 10 %%", value, got, want)
		}
	}
}

// TestEarlyAnswer: a 2xx to a request that was not read acknowledges nothing. A
// refusal counts, whenever it comes. The server then hangs; Send does not.
func TestEarlyAnswer(t *testing.T) {
	recs := batch(0, 30_000) // more than the sockets take
	for _, http1 := range []bool{true, false} {
		for status, want := range map[int]transport.Outcome{200: {}, 413: {TooLarge: true}, 503: {}} {
			t.Run(fmt.Sprint("HTTP1 ", http1, " ", status), func(t *testing.T) {
				t.Parallel()
				done := make(chan bool)
				server := serveRaw(t, func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					w.(http.Flusher).Flush()
					<-done // or the server would read the body after all
				})
				t.Cleanup(func() { close(done) }) // before the server's own
				d := server.destination()
				d.Compression, d.HTTP1 = https.Uncompressed, http1
				err := testkit.Open(t, d).Send(t.Context(), recs)
				if out := transport.Classify(err, len(recs)); err == nil || out != want {
					t.Errorf("the worker sees %+v of %v, want %+v", out, err, want)
				}
				if errors.Is(err, https.ErrEarlyAnswer) != (status == 200) {
					t.Errorf("ErrEarlyAnswer in the wrong place: %v", err)
				}
			})
		}
	}
}

// TestS18_Redirects is S18: no redirect is followed, to the same or another host, and
// none is taken for an acknowledgement.
func TestS18_Redirects(t *testing.T) {
	const token = "redirect-s3cret-token"
	elsewhere := serveRaw(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed to another host, with the header %v", r.Header)
	})
	for _, target := range []string{elsewhere.URL + "/?token=" + token, "/elsewhere?token=" + token, "http://127.0.0.1:1/"} {
		for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
			server := serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					t.Errorf("%d to %s was followed with %s", status, target, r.Method)
				}
				w.Header().Set("Location", target)
				w.WriteHeader(status)
			})
			d := server.destination()
			d.URL += "/"
			d.Headers = map[string]string{"Authorization": "Bearer " + token}
			err := testkit.Open(t, d).Send(t.Context(), batch(0, 3))
			e, ok := errors.AsType[*httpstatus.Error](err)
			if !ok || e.Status != status || e.Location == "" {
				t.Errorf("%d to %s: %v, want the status and where to", status, target, err)
			}
			if out := transport.Classify(err, 3); out != (transport.Outcome{}) {
				t.Errorf("%d to %s: %+v, want plain", status, target, out)
			}
		}
	}
}
