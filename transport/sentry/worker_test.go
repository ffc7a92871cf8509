package sentry_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// TestUnavailable: a server that answers 503 for a while (a minute, in the long
// share) costs time, and no event.
func TestUnavailable(t *testing.T) {
	outage := 500 * time.Millisecond
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		outage = time.Minute
	}
	var until time.Time // from the first request on: a busy machine may be late with it
	s, d := newServer(t, func(_ int, w http.ResponseWriter, _ []got) bool {
		if until.IsZero() {
			until = time.Now().Add(outage)
		}
		if time.Now().Before(until) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	r := d.Route("errors")
	r.Backoff, r.Buffer.StallTimeout = route.Backoff{InitialInterval: 20 * time.Millisecond, MaxInterval: time.Second}, time.Minute
	h, err := handler.New([]route.Route{r}, &handler.Options{
		InMemory: true, Resource: encode.Resource{Service: "shop"}, OnError: func(error) {}, // the refusals are meant
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 200
	for range n {
		if err := h.Log(t.Context(), encode.LevelFatal, "away"); err != nil {
			t.Fatal(err)
		}
	}
	// Close would not wait for a server that is away.
	if err := errors.Join(h.Flush(t.Context()), h.Close(t.Context())); err != nil {
		t.Fatalf("Close: %v", err)
	}
	ids := map[string]int{}
	for _, e := range s.events() {
		ids[e.EventID]++
	}
	if stats := h.Stats().Routes[0]; len(ids) != n || len(s.events()) != n || stats.Retries == 0 {
		t.Errorf("%d events with %d IDs of %d, %d retries", len(s.events()), len(ids), n, stats.Retries)
	}
}

// TestKeyFile: a key that is replaced is used with the next request, and neither is
// in an error.
func TestKeyFile(t *testing.T) {
	const wrong = "00ff00ff00ff00ff00ff00ff00ff00ff"
	file := filepath.Join(t.TempDir(), "key")
	write := func(key string) {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var auth string
	s, d := newServer(t, nil)
	s.answer = func(_ int, w http.ResponseWriter, _ []got) bool {
		auth = s.auth
		if !strings.HasSuffix(auth, "sentry_key="+testKey) {
			http.Error(w, "unknown key "+auth, http.StatusForbidden)
			return true
		}
		return false
	}
	d.DSN, d.KeyFile = strings.Replace(d.DSN, testKey+"@", "", 1), file
	write(wrong)
	tr := open(t, d)
	err := tr.Send(t.Context(), batch(1))
	if err == nil || strings.Contains(err.Error(), wrong) || transport.Classify(err, 1) != (transport.Outcome{}) {
		t.Errorf("Send = %v", err)
	}
	write(testKey)
	if err := tr.Send(t.Context(), batch(1)); err != nil || !strings.Contains(auth, "sentry_version=7") {
		t.Errorf("Send = %v, with %q", err, auth)
	}
}
