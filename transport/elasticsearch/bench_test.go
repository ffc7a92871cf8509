package elasticsearch_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// BenchmarkSend is a batch of 1,000 records to a server on loopback TLS that
// throws it away and answers as filter_path asks. One operation is one record, so
// ns/op is CPU and waiting of both ends per record.
func BenchmarkSend(b *testing.B) {
	answer := `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"create":{"status":201}},`, 1000), ",") + `]}`
	_, d := serve(b, &server{before: func(w http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, answer)
		return true
	}})
	recs := batch(0, 1000)
	for _, c := range []elasticsearch.Compression{elasticsearch.Uncompressed, elasticsearch.Gzip} {
		b.Run(c.String(), func(b *testing.B) {
			d.Compression, d.SourceOnError = c, elasticsearch.SourceUnset
			tr := testkit.Open(b, d)
			testkit.Deliver(b, tr, recs)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				// One of a thousand iterations sends, the others are its records.
				if n%len(recs) == 0 {
					testkit.Deliver(b, tr, recs)
				}
			}
		})
	}
}
