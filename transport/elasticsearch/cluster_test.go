package elasticsearch_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// refusing returns an address where nobody listens.
func refusing(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// sends makes n Sends of one record, and returns how many failed.
func sends(t testing.TB, tr transport.Transport, n int) (failed int) {
	for i := range n {
		if err := tr.Send(t.Context(), batch(i, 1)); err != nil {
			if out := transport.Classify(err, 1); out != (transport.Outcome{}) {
				t.Errorf("Send: %+v of %v, want plain", out, err)
			}
			failed++
		}
	}
	return failed
}

// TestDeadNode is T28 and T29 over nodes: one that does not answer costs one Send
// and is then left alone, whether it refuses, resets, or says 502, 503 or 504.
func TestDeadNode(t *testing.T) {
	good := &server{knows: true}
	_, d := serve(t, good)
	reset := func(w http.ResponseWriter, _ *http.Request) bool { panic(http.ErrAbortHandler) }
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(code)
			return true
		}
	}
	for name, c := range map[string]struct {
		before func(http.ResponseWriter, *http.Request) bool
		failed int // of 10 Sends
		asked  int
	}{
		"refuses": {nil, 1, 0}, "resets": {reset, 1, 1}, "502": {status(502), 1, 1}, "503": {status(503), 1, 1}, "504": {status(504), 1, 1},
		// A node that answers is not dead: its turn comes again.
		"429": {status(429), 5, 5}, "401": {status(401), 5, 5}, "500": {status(500), 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			bad := &server{before: c.before}
			d := d
			if c.before == nil {
				d.URLs = []string{"https://" + refusing(t), d.URLs[0]}
			} else {
				node, other := serve(t, bad)
				d.TLS, d.URLs = other.TLS, []string{node.URL}
				twin, _ := serve(t, good)
				d.URLs = append(d.URLs, twin.URL)
				d.TLS.Insecure = tlsconfig.AcceptAnyServer // each has its own authority
			}
			if failed := sends(t, testkit.Open(t, d), 10); failed != c.failed || len(bad.requests()) != c.asked {
				t.Errorf("%d of 10 Sends failed, want %d; it was asked %d times, want %d", failed, c.failed, len(bad.requests()), c.asked)
			}
		})
	}
}

// TestCancelledSend: a Send that its caller gives up says nothing about the node.
func TestCancelledSend(t *testing.T) {
	var calls atomic.Int64
	waits, release := make(chan struct{}), make(chan struct{})
	s := &server{knows: true, before: func(http.ResponseWriter, *http.Request) bool {
		if calls.Add(1) == 1 {
			close(waits)
			<-release
		}
		return false
	}}
	node, d := serve(t, s)
	d.URLs = []string{node.URL, node.URL + "/second"}
	tr := testkit.Open(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tr.Send(ctx, batch(0, 1)) }()
	<-waits
	cancel()
	if err := <-done; err == nil {
		t.Errorf("the Send that was given up returned nil")
	}
	close(release)
	if failed := sends(t, tr, 2); failed != 0 { // the second's turn, and the first one's again
		t.Errorf("%d Sends failed", failed)
	}
	paths := map[string]int{}
	for _, r := range s.requests() {
		paths[r.URL.Path]++
	}
	if paths["/"+elasticsearch.DefaultIndex+"/_bulk"] != 2 {
		t.Errorf("requests by path: %v; the first node was left out", paths)
	}
}
