package https_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/https"
)

// BenchmarkSend is a batch of 1,000 records over loopback TLS, by format,
// compression and protocol; the server throws the body away. One operation is
// one record, so ns/op is CPU and waiting of both ends per record.
func BenchmarkSend(b *testing.B) {
	server := serveRaw(b, func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	recs := batch(0, 1000)
	for _, http1 := range []bool{false, true} {
		for _, compression := range []https.Compression{https.Uncompressed, https.Gzip, https.Zstd} {
			b.Run(fmt.Sprint("HTTP1=", http1, "/", compression), func(b *testing.B) {
				d := server.destination()
				d.HTTP1, d.Compression = http1, compression
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
}
