package elasticsearch_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// A cluster is asked who it is and what it has, and nothing is written.
func TestCheck(t *testing.T) {
	answers := map[string]int{}
	root := `{"cluster_name":"logs","version":{"number":"9.1.0"}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" && r.Method != "HEAD" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		status, known := answers[r.URL.Path]
		if !known {
			status = 404
		}
		w.WriteHeader(status)
		if r.URL.Path == "/es/" {
			fmt.Fprint(w, root)
		}
	}))
	defer server.Close()
	today := "/es/shop-" + time.Now().UTC().Format("2006.01")
	dest := elasticsearch.Destination{URLs: []string{server.URL + "/es"}, AllowPlaintext: true, Index: "shop-{yyyy.MM}", Pipeline: "clean"}
	const way = "name ok, connect ok, "
	for _, c := range []struct {
		name                  string
		root, index, pipeline int
		want                  string
	}{
		{"all there", 200, 200, 200, way + "protocol ok, topic ok, topic ok"},
		{"no index yet", 200, 404, 200, way + "protocol ok, topic warning, topic ok"},
		{"no pipeline", 200, 200, 404, way + "protocol ok, topic ok, topic failed"},
		{"may not look", 403, 403, 403, way + "protocol warning, topic warning, topic warning"},
		{"unknown user", 401, 401, 401, way + "credentials failed, topic skipped"},
		{"busy", 503, 200, 200, way + "protocol warning, topic ok, topic ok"},
	} {
		answers["/es/"], answers[today], answers["/es/_ingest/pipeline/clean"] = c.root, c.index, c.pipeline
		if found, got := testkit.Check(t, dest); got != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, got, c.want, found)
		}
	}
	answers["/es/"] = 200
	for body, want := range map[string]string{
		`{"cluster_name":"x","version":{"distribution":"opensearch","number":"3.1.0"}}`: "OpenSearch 3.1.0",
		`<html>hello</html>`: "not what is expected",
	} {
		root = body
		found, _ := testkit.Check(t, dest)
		if !strings.Contains(found[2].Found, want) {
			t.Errorf("%s: %v", body, found[2])
		}
	}
}

// One node of two is enough, and the targets are asked of that one.
func TestCheckNodes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"cluster_name":"logs","version":{"number":"9.1.0"}}`)
	}))
	defer server.Close()
	dest := elasticsearch.Destination{URLs: []string{"http://" + testkit.Closed(t), server.URL}, AllowPlaintext: true}
	found, got := testkit.Check(t, dest)
	if got != "name ok, connect warning, protocol skipped, name ok, connect ok, protocol ok, topic ok" || found[6].Verdict != transport.OK {
		t.Errorf("%s: %v", got, found)
	}
}
