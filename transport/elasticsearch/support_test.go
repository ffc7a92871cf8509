package elasticsearch_test

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
)

var day = time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)

// batch returns n records whose messages and IDs number them from first on.
func batch(first, n int) []encode.Record {
	recs := make([]encode.Record, n)
	for i := range recs {
		number := first + i
		recs[i] = encode.Record{
			Time: day, Observed: day, Level: slog.LevelInfo,
			Message:  fmt.Sprintf("record %d", number),
			Attrs:    []slog.Attr{slog.Int("number", number), slog.String("path", "/v1/items")},
			Resource: &encode.Resource{Service: "checkout"},
		}
		binary.BigEndian.PutUint64(recs[i].ID[8:], uint64(number)+1)
	}
	return recs
}

// number reads which record of batch a document is.
func number(doc map[string]any) int {
	n, _ := doc["number"].(float64)
	return int(n)
}

// message reads the message of one document.
func message(document string) (string, error) {
	var fields struct{ Message string }
	err := json.Unmarshal([]byte(document), &fields)
	return fields.Message, err
}

// serve starts s as a node with TLS.
func serve(t testing.TB, s http.Handler) (node *httptest.Server, d elasticsearch.Destination) {
	t.Helper()
	ca := testpki.New(t, "authority")
	node = httptest.NewUnstartedServer(s)
	node.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	node.Config.ErrorLog = testkit.DiscardLog()
	node.StartTLS()
	t.Cleanup(node.Close)
	return node, elasticsearch.Destination{
		URLs: []string{node.URL}, Proxy: testkit.NoProxy,
		TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
	}
}

// item returns the server's word in err.
func item(t testing.TB, err error) *elasticsearch.ItemError {
	t.Helper()
	e, ok := errors.AsType[*elasticsearch.ItemError](err)
	if !ok {
		t.Fatalf("%v has no ItemError", err)
	}
	return e
}
