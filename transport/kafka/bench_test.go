package kafka_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/kafka"
)

// batch is what the delivery worker hands over when it is busy: 1,000 records
// with the attributes of DESIGN §6.
func batch() []encode.Record {
	recs := make([]encode.Record, 1000)
	resource := &encode.Resource{Service: "shop", Version: "1.2.3", Environment: "prod", Instance: "a1", Host: "host", PID: 4711}
	for i := range recs {
		recs[i] = encode.Record{
			ID: encode.ID{1, 2, 3, byte(i >> 8), byte(i)}, Time: time.Unix(1_800_000_000, int64(i)*1000), Level: slog.LevelInfo,
			Message: "request served", Resource: resource, Trace: encode.Trace{TraceID: [16]byte{1, byte(i)}},
			Attrs: []slog.Attr{
				slog.String("method", "GET"), slog.String("path", "/orders/1234"), slog.String("remote", "192.0.2.17"),
				slog.Int("status", 200), slog.Int("bytes", 5120), slog.Duration("took", 1500*time.Microsecond),
				slog.Bool("cached", false), slog.Any("err", &encode.Error{Type: "*errors.errorString", Message: "none"}),
			},
		}
	}
	return recs
}

// BenchmarkSend is a Send of 1,000 records to a broker in this process that
// checks and keeps them: both ends together.
func BenchmarkSend(b *testing.B) {
	for _, c := range []kafka.Compression{kafka.Uncompressed, kafka.Snappy, kafka.Lz4, kafka.Zstd, kafka.Gzip} {
		b.Run(c.String(), func(b *testing.B) {
			cluster := newCluster(b, kfake.NumBrokers(1), kfake.SeedTopics(6, "logs"))
			tr, err := kafka.Destination{Brokers: cluster.ListenAddrs(), Topic: "logs", Compression: c, Balancer: kafka.Hash}.Open()
			if err != nil {
				b.Fatal(err)
			}
			defer tr.Close()
			recs := batch()
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.Send(b.Context(), recs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// A Send's allocations are those of the request, not of the records: less than
// one for four of them, with this process's broker.
func TestSendAllocations(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Compression: kafka.Uncompressed})
	recs := batch()
	got := testing.AllocsPerRun(10, func() { send(t, tr, recs) })
	if t.Logf("%.0f allocations for 1,000 records", got); got > 250 {
		t.Errorf("%.0f allocations for a Send of 1,000 records", got)
	}
}
