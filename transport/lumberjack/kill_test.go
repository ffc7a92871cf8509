package lumberjack_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
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
	kills := testkit.Kills()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &dying{rng: rand.New(rand.NewPCG(seed, 0)), got: map[string]int{}, dies: kills}
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{testkit.Listen(t, d.serve)}})
	recs := numbered(0, kills*batchSize)
	sends := testkit.SendAll(t, tr, recs, batchSize)
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := testkit.Copies(t, recs, d.got)
	if d.dies > 0 || copies > kills*batchSize {
		t.Errorf("%d deaths did not happen; %d copies", d.dies, copies)
	}
	t.Logf("%d records, %d Sends, %d copies", len(recs), sends, copies)
}
