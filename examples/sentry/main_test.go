package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	slogsentry "github.com/slogship/slogship/transport/sentry"
)

// event is what the test looks at in an issue.
type event struct {
	Message     string
	Tags        map[string]string
	Request     struct{ URL string }
	Breadcrumbs []struct{ Message string }
	Exception   []struct{ Type, Value string }
}

// TestServe: an error and a panic are two events, each with its own request's
// breadcrumbs.
func TestServe(t *testing.T) {
	events := make(chan event, 10)
	project := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		e, err := read(r)
		if err != nil {
			t.Errorf("envelope: %v", err)
		}
		events <- e
	}))
	defer project.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	to := slogsentry.Destination{
		DSN: strings.Replace(project.URL, "://", "://key@", 1) + "/1", AllowPlaintext: true, Tags: []string{"tenant"},
	}
	go func() { ended <- serve(ctx, listener, t.TempDir(), to) }()

	for path, want := range map[string]int{"/orders/17": 200, "/orders/0": 500, "/crash": 500} {
		resp, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	close(events)
	seen := map[string]event{}
	for e := range events {
		seen[e.Message] = e
	}
	failed, crashed := seen["order failed"], seen["panic: runtime error: index out of range [2] with length 0"]
	if len(seen) != 2 || failed.Tags["tenant"] != "eu" || len(failed.Exception) != 2 || failed.Exception[1].Value != "load order: no such order" {
		t.Errorf("%+v", seen)
	}
	if len(failed.Breadcrumbs) != 1 || failed.Breadcrumbs[0].Message != "look up order" {
		t.Errorf("%+v", failed)
	}
	if len(crashed.Breadcrumbs) != 1 || crashed.Breadcrumbs[0].Message != "count stock" || !strings.HasSuffix(crashed.Request.URL, "/crash") {
		t.Errorf("%+v", crashed)
	}
}

// read takes the event out of an envelope: the third line.
func read(r *http.Request) (e event, err error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(r.Body); err != nil {
			return e, err
		}
	}
	envelope, err := io.ReadAll(body)
	if err != nil {
		return e, err
	}
	lines := bytes.SplitN(envelope, []byte("\n"), 4)
	if len(lines) < 3 {
		return e, io.ErrUnexpectedEOF
	}
	return e, json.Unmarshal(lines[2], &e)
}
