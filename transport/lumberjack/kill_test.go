package lumberjack_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
)

// dying is a receiver that takes a window, acknowledges a part of it, or all,
// and is gone, as by SIGKILL.
type dying struct {
	mu   sync.Mutex
	rng  *rand.Rand     // guarded by mu
	got  map[string]int // guarded by mu
	dies int            // guarded by mu; how often it still will
}

func (d *dying) serve(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	b := bufio.NewReader(c)
	for {
		events, _, err := readWindow(b)
		if err != nil {
			return
		}
		upTo, dies := d.take(events)
		if ack(c, upTo) != nil || dies {
			return
		}
	}
}

func (d *dying) take(events []event) (upTo int, dies bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range events {
		var doc struct{ Message string }
		json.Unmarshal([]byte(e.json), &doc) // what does not parse is missed
		d.got[doc.Message]++
	}
	if d.dies == 0 {
		return len(events), false
	}
	d.dies--
	return d.rng.IntN(len(events) + 1), true
}

const batchSize = 50

// T27: the receiver dies 20 times (100 at night) in the middle of a window, or
// right behind it. Nothing is lost, and what arrives twice is no more than a
// window for each time.
func TestReceiverDies(t *testing.T) {
	kills := 20
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		kills = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &dying{rng: rand.New(rand.NewPCG(seed, 0)), got: map[string]int{}, dies: kills}
	tr := open(t, lumberjack.Destination{Addrs: []string{listen(t, d.serve)}})
	recs := numbered(0, kills*batchSize)
	for left := recs; len(left) > 0; {
		n := min(len(left), batchSize)
		left = append(unanswered(left[:n], send(t, tr, left[:n])), left[n:]...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := 0
	for i := range recs {
		if d.got[recs[i].Message] == 0 {
			t.Errorf("record %d is lost", i)
		}
		copies += d.got[recs[i].Message] - 1
	}
	if d.dies > 0 || copies > kills*batchSize {
		t.Errorf("%d deaths did not happen; %d copies", d.dies, copies)
	}
	t.Logf("%d records, %d copies", len(recs), copies)
}

// unanswered is what a worker sends again.
func unanswered(recs []encode.Record, err error) (again []encode.Record) {
	if err == nil {
		return nil
	}
	out := transport.Classify(err, len(recs))
	for i := range recs {
		if out.Batch == nil || out.Batch.Errs[i] != nil {
			again = append(again, recs[i])
		}
	}
	return again
}
