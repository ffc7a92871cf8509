package tcp_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/transport/tcp"
)

// TestReceiverKilledUnderWorker is T27 with the real delivery worker and a
// buffer in memory, while records keep coming: killed receivers lose nothing,
// and at the end nothing is left in the buffer.
func TestReceiverKilledUnderWorker(t *testing.T) {
	kills := 2
	if nightly() {
		kills = 50
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	ids := encode.NewIDSource()
	b, err := buffer.Open(nil, "", &buffer.Options{Mode: buffer.Heap, MaxBytes: 256 << 20, StallTimeout: time.Minute, NewID: func() [16]byte { return ids.Next(time.Now()) }})
	if err != nil {
		t.Fatal(err)
	}
	l := startLife(t, "127.0.0.1:0")
	tr, err := (tcp.Destination{Addr: l.addr, Encoder: padded{1023}}).Open()
	if err != nil {
		t.Fatal(err)
	}
	w := deliver.Start(&deliver.Options{
		Route: "kills", Buffer: b, Transport: tr, InitialInterval: 5 * time.Millisecond, MaxInterval: 50 * time.Millisecond,
	})
	got, sent := map[int]bool{}, 0
	note := func(numbers []int) {
		for _, n := range numbers {
			got[n] = true
		}
	}
	log := func(n int) {
		t.Helper()
		for range n {
			payload := codec.AppendHeader(nil, &codec.Header{ID: ids.Next(time.Now()), Time: time.Now(), Message: strconv.Itoa(sent)})
			if _, err := b.Append(t.Context(), buffer.Record{Payload: payload, Sum: buffer.Sum(payload), Level: 2, Time: time.Now().UnixNano()}); err != nil {
				t.Fatal(err)
			}
			sent++
		}
	}
	for range kills {
		log(20_000 + rng.IntN(5_000))
		delivered := w.Stats().Sends + 10
		eventually(t, "Sends are under way", func() bool {
			log(100) // the worker may have caught up
			return w.Stats().Sends >= delivered
		})
		note(l.kill())
		log(1000)
		l = startLife(t, l.addr)
	}
	// Close gives up on a destination that it takes for dead; this one lives.
	bytes := w.Stats().BytesSent
	eventually(t, "a Send succeeds again", func() bool { return w.Stats().BytesSent > bytes })
	log(1)
	b.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Errorf("the worker's Close: %v", err)
	}
	if s := b.Stats(); s.Records != 0 || s.Lost != 0 {
		t.Errorf("left in the buffer: %+v", s)
	}
	stats := w.Stats()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	note(l.kill())
	lost := 0
	for n := range sent {
		if !got[n] {
			lost++
		}
	}
	t.Logf("%d kills, %d records of 1 KiB, lost %d, sent again %d", kills, sent, lost, stats.Resent)
	if lost > 0 || stats.Resent == 0 {
		t.Errorf("lost %d of %d; %d were sent again", lost, sent, stats.Resent)
	}
}
