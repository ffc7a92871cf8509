package group_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
)

// The same members under the real worker: what it acknowledges, members have.
func TestRandomMembersUnderTheWorker(t *testing.T) {
	rng := seeded(t)
	rounds := 40
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		rounds = 5_000
	}
	for range rounds {
		synctest.Test(t, func(t *testing.T) { workerRun(t, rng) })
		if t.Failed() {
			return
		}
	}
}

func workerRun(t *testing.T, rng *rand.Rand) {
	nodes := acked(t, 1+rng.IntN(4))
	for _, n := range nodes {
		n.probes, n.holds = true, rng.IntN(2) == 0
		n.desc.Acknowledged = !n.holds
		n.desc.MaxRecords = 1 + rng.IntN(20)
		moody(n, rng.Uint64())
	}
	d, need, _ := randomGroup(nodes, rng)
	b, err := buffer.Open(nil, "", &buffer.Options{Mode: buffer.Heap, StallTimeout: time.Minute, NewID: func() [16]byte { return [16]byte{1} }})
	if err != nil {
		t.Fatal(err)
	}
	w := deliver.Start(&deliver.Options{
		Route: "random", Buffer: b, Transport: open(t, d), MaxInterval: time.Second,
		Dead: func(context.Context, *deliver.Dead) error { return nil }, // else reports of losses come between
	})
	t.Cleanup(func() {
		b.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := w.Close(ctx); err != nil && !t.Failed() {
			t.Errorf("Close: %v", err)
		}
		b.Close()
	})
	logged := 0
	for range 20 {
		for range rng.IntN(30) {
			appendTo(t, b, logged)
			logged++
		}
		for _, n := range nodes {
			n.set(rng.IntN(3) == 0)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(5 * time.Second))))
		synctest.Wait()
		wantCopies(t, nodes, need, logged-int(b.Stats().Records))
	}
	for _, n := range nodes {
		n.do(func() { n.down = false })
	}
	for limit := 0; b.Stats().Records > 0; limit++ {
		if limit > 3600 {
			t.Fatalf("%d records are left after an hour: %v", b.Stats().Records, w.Stats().LastError)
		}
		time.Sleep(time.Second)
		for _, n := range nodes {
			n.do(func() { n.unread = 0 })
		}
	}
	wantCopies(t, nodes, need, logged)
}

// wantCopies fails unless enough members have each of the first records for
// good, but for those that all refuse. (Acknowledged records are a prefix.)
func wantCopies(t *testing.T, nodes []*node, need, records int) {
	t.Helper()
	c := courier{nodes: nodes}
	var lost []int
	for i := range records {
		if i%17 != 0 && c.copies(i) < need {
			lost = append(lost, i)
		}
	}
	if len(lost) > 0 {
		t.Fatalf("acknowledged, and not at %d members: %v", need, lost)
	}
}

func appendTo(t *testing.T, b *buffer.Buffer, i int) {
	t.Helper()
	r := recordOf(i)
	payload := slices.Clip(codec.AppendHeader(nil, &codec.Header{ID: r.ID, Time: time.Now(), Observed: time.Now(), Message: r.Message}))
	_, err := b.Append(t.Context(), buffer.Record{Payload: payload, Sum: buffer.Sum(payload), Level: 2, Time: time.Now().UnixNano()})
	if err != nil {
		t.Fatal(err)
	}
}
