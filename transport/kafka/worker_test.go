package kafka_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestBrokerKilledUnderWorker is T27 with the real delivery worker and a buffer
// in memory: the broker is killed with answers under way, again and again, while
// records come. None is lost, copies are no more than a batch for each break, and
// within a key the first copies are in order. A kill is one break or two: the
// worker may be back, with the batch whose answer was swallowed, before the rest
// of the network dies.
func TestBrokerKilledUnderWorker(t *testing.T) {
	kills := 5
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		kills = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var p transporttest.Peer
	f, cluster := newFront(t, &p, kfake.SeedTopics(4, "logs"))
	var die atomic.Bool // with the next batch: stored, and not answered
	died := make(chan struct{}, 1)
	f.onAnswer(func(key int16, answer []byte) []byte {
		if key == 0 && die.Swap(false) {
			died <- struct{}{}
			return nil
		}
		return answer
	})
	const batch = 100
	tr, err := kafka.Destination{Brokers: []string{f.addr}, Topic: "logs", Encoder: raw{}, Balancer: kafka.Hash, MaxRecords: batch}.Open()
	if err != nil {
		t.Fatal(err)
	}
	ids := encode.NewIDSource()
	b, err := buffer.Open(nil, "", &buffer.Options{Mode: buffer.Heap, MaxBytes: 64 << 20, StallTimeout: time.Minute, NewID: func() [16]byte { return ids.Next(time.Now()) }})
	if err != nil {
		t.Fatal(err)
	}
	w := deliver.Start(&deliver.Options{Route: "kills", Buffer: b, Transport: tr, InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond})
	sent := 0
	log := func(n int) {
		for range n {
			h := codec.Header{ID: ids.Next(time.Now()), Time: time.Now(), Message: strconv.Itoa(sent), Trace: encode.Trace{TraceID: [16]byte{1, byte(sent % 16)}}}
			payload := codec.AppendHeader(nil, &h)
			if _, err := b.Append(t.Context(), buffer.Record{Payload: payload, Sum: buffer.Sum(payload), Level: 2, Time: time.Now().UnixNano()}); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	for range kills {
		log(300 + rng.IntN(500))
		die.Store(true)
		log(1) // a worker that has caught up would never send again
		<-died
		p.Kill()
		log(50)
		p.Restart()
	}
	sends := w.Stats().BytesSent
	for deadline := time.Now().Add(time.Minute); w.Stats().BytesSent == sends && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	b.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Errorf("the worker's Close: %v", err)
	}
	if s := b.Stats(); s.Records != 0 || s.Lost != 0 {
		t.Errorf("left in the buffer: %+v", s)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	total := 0
	for i := range int32(4) {
		total += int(cluster.PartitionInfo("logs", i).HighWatermark)
	}
	got, newest, inverted := map[string]bool{}, map[string]int{}, 0
	for _, r := range consume(t, cluster.ListenAddrs()[0], "logs", total) {
		id, key := header(r, kafka.HeaderID), string(r.Key)
		if got[id] {
			continue
		}
		got[id] = true
		n, _ := strconv.Atoi(string(r.Value))
		if n < newest[key] {
			inverted++
		}
		newest[key] = n
	}
	t.Logf("%d kills, %d records: %d copies, %d inversions", kills, sent, total-len(got), inverted)
	if len(got) != sent || inverted > 0 || total-len(got) > 2*kills*batch {
		t.Errorf("%d of %d records are there, %d copies, %d out of order within a key", len(got), sent, total-len(got), inverted)
	}
}
