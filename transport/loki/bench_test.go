package loki

// This file is inside the package: it measures the making of a request without
// the network, which is not ours.

import (
	"log/slog"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// requestOf returns a sender and a batch of n records of eight attributes.
func requestOf(t testing.TB, d Destination, n int) (*sender, []encode.Record) {
	t.Helper()
	d.URL = "https://loki.test"
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	shop := &encode.Resource{Service: "shop", Host: "a1", Version: "1.2", PID: 4711}
	recs := make([]encode.Record, n)
	for i := range recs {
		recs[i] = encode.Record{
			ID: encode.ID{1, byte(i >> 8), byte(i)}, Time: time.Unix(1_766_483_384, int64(i)), Level: slog.LevelInfo,
			Message: "request served", Resource: shop,
			Attrs: []slog.Attr{
				slog.String("method", "GET"), slog.String("path", "/v1/items/42"), slog.String("peer", "10.0.0.7"),
				slog.Int("status", 200), slog.Int("bytes", 5123), slog.Duration("took", 1500*time.Microsecond), slog.Bool("cached", false),
				slog.Any("err", &encode.Error{Type: "*errors.errorString", Message: "not found"}),
			},
		}
		recs[i].Observed = recs[i].Time
	}
	return tr.(*sender), recs
}

// make makes the request of a batch of one stream.
func (s *sender) make(dst []byte, recs []encode.Record) []byte {
	answers := transport.AnswersFor(len(recs))
	all := s.streams(recs)
	body, _ := s.body(dst[:0], recs, &all[0], &answers)
	return body
}

// TestAllocations: what a record costs does not grow with it: what is allocated
// is the batch's.
func TestAllocations(t *testing.T) {
	for name, d := range map[string]Destination{"metadata": {}, "line": {Encoder: encode.JSONLines{}}, "JSON": {Format: JSON}} {
		s, recs := requestOf(t, d, 1000)
		var body []byte
		body = s.make(body, recs)
		if got := testing.AllocsPerRun(5, func() { body = s.make(body, recs) }); got > 200 {
			t.Errorf("%s: %v allocations for %d records", name, got, len(recs))
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct {
		name string
		d    Destination
	}{{"metadata", Destination{}}, {"line", Destination{Encoder: encode.JSONLines{}}}, {"json", Destination{Format: JSON}}} {
		b.Run(bench.name, func(b *testing.B) {
			s, recs := requestOf(b, bench.d, 1000)
			body := s.make(nil, recs)
			b.ReportAllocs()
			for b.Loop() {
				body = s.make(body, recs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(recs)), "ns/record")
			b.ReportMetric(float64(len(body))/float64(len(recs)), "B/record")
		})
	}
}
