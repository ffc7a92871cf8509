//go:build interop

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/tlsconfig"
)

// An envelope by hand is an event, once: the second one of its ID is taken and
// dropped.
func TestBugsink(t *testing.T) {
	pki, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secure, err := (&tlsconfig.Options{CAFile: pki.ca}).Client()
	if err != nil {
		t.Fatal(err)
	}
	got := cycle(t, bugsink(pki, parseEvent), func(at place, seq int) {
		id := fmt.Sprintf("01a208dd361a7b15a45e9ade1e3ec1%02d", seq)
		event := fmt.Sprintf(`{"event_id":%q,"message":%q,"platform":"go","timestamp":"2026-01-02T03:04:05Z","level":"error","tags":{"producer":"0"},"contexts":{"attributes":%s}}`,
			id, message, good(0, seq))
		envelope := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, len(event), event)
		for range 2 {
			if status, said := postEnvelope(t, at, secure.Config(""), envelope); status != http.StatusOK {
				t.Errorf("%d %s", status, said)
			}
		}
	})
	keepsBoth(t, got)
	if tags, _ := got[0].Fields["tags"].(map[string]any); tags["producer"] != "0" || got[0].Fields["issue_value"] != message {
		t.Errorf("%v", got[0].Fields)
	}
}

func postEnvelope(t *testing.T, at place, secure *tls.Config, envelope string) (status int, said string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+at.addr()+"/api/1/envelope/", strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_key="+bugsinkKey)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
