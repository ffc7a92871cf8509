package relp_test

import (
	"bufio"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/relp"
)

// dying is a receiver that takes some records, answers some of those, and is
// gone, as by SIGKILL: whatever was under way is lost.
type dying struct {
	mu   sync.Mutex
	rng  *rand.Rand     // guarded by mu
	got  map[string]int // guarded by mu
	dies int            // guarded by mu; how often it still will
}

// plan is after how many records, and after how many answers, it dies. It is
// not reached when the receiver is to live.
func (d *dying) plan() (records, answers int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dies == 0 {
		return 1 << 30, 1 << 30
	}
	d.dies--
	n := 1 + d.rng.IntN(batchSize)
	// Less than half a window without answers, or the sender would wait for them.
	return n, max(0, n-d.rng.IntN(window/2))
}

func (d *dying) serve(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	records, answers := d.plan()
	b := bufio.NewReader(c)
	for taken := 0; ; {
		f, err := readFrame(b)
		switch {
		case err != nil:
			return
		case f.command == "open":
			answerTo(c, f.n, serverOffers)
			continue
		case f.command == "close":
			return
		}
		d.mu.Lock()
		d.got[f.data]++
		d.mu.Unlock()
		if taken < answers {
			answerTo(c, f.n, "200 OK")
		}
		if taken++; taken == records {
			return
		}
	}
}

const batchSize, window = 50, 20

// T27: the receiver dies 20 times (100 at night) in the middle of a batch. Nothing
// is lost, and what arrives twice is less than a batch for each time.
func TestReceiverDies(t *testing.T) {
	kills := testkit.Kills()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &dying{rng: rand.New(rand.NewPCG(seed, 0)), got: map[string]int{}, dies: kills}
	tr := open(t, relp.Destination{Addr: testkit.Listen(t, d.serve), Window: window})
	recs := numbered(kills * batchSize)
	sends := testkit.SendAll(t, tr, recs, batchSize)
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := testkit.Copies(t, recs, d.got)
	if d.dies > 0 || copies > kills*batchSize {
		t.Errorf("%d deaths did not happen; %d copies", d.dies, copies)
	}
	t.Logf("%d records, %d Sends, %d copies", len(recs), sends, copies)
}
