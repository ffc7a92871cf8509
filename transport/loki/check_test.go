package loki_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/loki"
)

// Loki is asked whether it is ready, as the tenant, and gets no entry.
func TestCheck(t *testing.T) {
	status := 200
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.String() != "/base/ready" || r.Header.Get("X-Scope-OrgID") != "shop" {
			t.Errorf("asked %s %s as %q", r.Method, r.URL, r.Header.Get("X-Scope-OrgID"))
		}
		w.WriteHeader(status)
		w.Write([]byte("Ingester not ready: waiting\n"))
	}))
	defer server.Close()
	dest := loki.Destination{URL: server.URL + "/base", AllowPlaintext: true, Tenant: "shop"}
	const way = "name ok, connect ok, "
	for s, want := range map[int]string{
		200: way + "protocol ok", 503: way + "protocol warning", 404: way + "protocol skipped",
		401: way + "credentials failed", 500: way + "protocol failed",
	} {
		status = s
		if found, got := testkit.Check(t, dest); got != want {
			t.Errorf("%d: %s, want %s: %v", s, got, want, found)
		}
	}
	dest.URL = server.URL + "/elsewhere/push"
	if _, got := testkit.Check(t, dest); got != way+"protocol skipped" {
		t.Errorf("a push API elsewhere: %s", got)
	}
}
