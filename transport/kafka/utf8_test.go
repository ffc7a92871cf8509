package kafka_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/slogship/slogship/transport/kafka"
)

// S5: a client that is not ours reads as many messages as were sent, whatever
// bytes they and their keys are.
func TestS5_InvalidUTF8(t *testing.T) {
	const n = 1000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 5))
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	recs := recordsOf(make([]string, n)...)
	for i := range recs {
		bytes := make([]byte, 1+rnd.IntN(30))
		for i := range bytes {
			bytes[i] = byte(rnd.Uint32())
		}
		recs[i].Message, recs[i].Scope = string(bytes), string(bytes)
		recs[i].Attrs = []slog.Attr{slog.String("key", string(bytes))}
	}
	send(t, open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Topic: "logs", KeyAttr: "key"}), recs)
	failures := 0
	for i, got := range consume(t, cluster.ListenAddrs()[0], "logs", n) {
		if string(got.Value) != recs[i].Message || string(got.Key) != recs[i].Message {
			failures++
			t.Errorf("%q came as %q with the key %q", recs[i].Message, got.Value, got.Key)
		}
	}
	t.Logf("S5: %d records of random bytes, failures %d", n, failures)
}
