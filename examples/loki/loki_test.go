package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/slogship/slogship/transport/memory"
)

// TestRun: Loki gets one request of the one stream, as protobuf.
func TestRun(t *testing.T) {
	type request struct{ path, kind string }
	got := make(chan request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- request{r.URL.Path, r.Header.Get("Content-Type")}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	if err := run(t.TempDir(), destination(server.URL)); err != nil {
		t.Fatal(err)
	}
	if want := (request{"/loki/api/v1/push", "application/x-protobuf"}); len(got) == 0 || <-got != want {
		t.Errorf("%d more requests, and the first is not %v", len(got), want)
	}
}

// TestRecords: what README.md searches for is what is logged.
func TestRecords(t *testing.T) {
	sink := memory.New()
	if err := run(t.TempDir(), sink); err != nil {
		t.Fatal(err)
	}
	recs := sink.Records()
	if len(recs) != 41 || recs[40].Message != "order failed" {
		t.Fatalf("%d records", len(recs))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`service_name="shop"`, `cluster="eu1"`, "customer_id=", "took >", `detected_level="error"`} {
		if !strings.Contains(string(readme), query) {
			t.Errorf("README.md has no query with %s", query)
		}
	}
}
