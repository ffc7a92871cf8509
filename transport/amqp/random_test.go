package amqp_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
)

// moody is a broker that confirms late and in any order, refuses, returns, takes
// nothing for a while, and dies.
type moody struct {
	mu    sync.Mutex
	rng   *rand.Rand      // guarded by mu
	held  []uint64        // guarded by mu; confirms that are due, of client
	from  *client         // guarded by mu
	acked map[string]bool // guarded by mu; by message id
	lives int             // guarded by mu
	again int             // guarded by mu; messages that were acked before
}

// poison is for records that no queue is there for.
func poison(id string) bool { return id[len(id)-1] == '7' }

func (b *moody) on(c *client, m message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c != b.from {
		b.from, b.held, b.lives = c, nil, b.lives+1
	}
	if b.acked[m.id] {
		b.again++
	}
	if poison(m.id) {
		c.back(m, "NO_ROUTE")
	}
	switch n := b.rng.IntN(200); {
	case n < 8:
		delete(b.acked, m.id) // it comes again because we say so
		c.nack(m.tag)
		return nil
	case n == 8:
		return errEOF // with what is held
	case n == 9:
		c.closeChannel(406, "PRECONDITION_FAILED")
		return nil
	case n == 10:
		c.method(0, connBlocked, short("moody"))
		time.Sleep(time.Duration(b.rng.IntN(5)) * time.Millisecond) // an alarm's time, not a hope
		c.method(0, connUnblocked, nil)
	}
	b.acked[m.id] = b.acked[m.id] || !poison(m.id)
	if b.rng.IntN(3) == 0 {
		c.ack(m.tag)
	} else {
		b.held = append(b.held, m.tag)
	}
	b.release()
	return nil
}

// release confirms what is held, all of it or some, in any order.
func (b *moody) release() {
	for len(b.held) > 0 && b.rng.IntN(4) > 0 {
		i := b.rng.IntN(len(b.held))
		b.from.ack(b.held[i])
		b.held = slices.Delete(b.held, i, i+1)
	}
}

// Whatever the broker's mood, a worker gets every record through: one that Send
// calls delivered was confirmed, one that it calls permanent came back, and
// nothing is published again that was confirmed but for a connection that broke
// (T27).
func TestMoodyBroker(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	for _, window := range []int{1, 7, 100} {
		m := &moody{rng: rand.New(rand.NewPCG(seed, uint64(window))), acked: make(map[string]bool)}
		b := &broker{on: m.on}
		tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Window: window, AnswerTimeout: 30 * time.Millisecond})
		total := 600
		if window == 1 {
			total = 60 // each confirm that is held costs a timeout
		}
		w := moodyWorker{t: t, tr: tr, broker: m, recs: numbered(total), rng: rand.New(rand.NewPCG(seed, uint64(1000+window)))}
		for deadline := time.Now().Add(3 * time.Minute); len(w.recs) > 0; {
			if time.Now().After(deadline) {
				t.Fatalf("window %d: %d records are left", window, len(w.recs))
			}
			w.step()
		}
		if w.delivered+w.dead+w.guilty != total {
			t.Errorf("window %d: %d delivered, %d unroutable, %d refused", window, w.delivered, w.dead, w.guilty)
		}
		m.mu.Lock()
		if most := window * m.lives; m.again > most {
			t.Errorf("window %d: %d messages again, at most %d over %d connections", window, m.again, most, m.lives)
		}
		t.Logf("window %d: %d delivered, %d unroutable, %d refused, %d again, %d connections", window, w.delivered, w.dead, w.guilty, m.again, m.lives)
		m.mu.Unlock()
		tr.Close()
	}
}

// moodyWorker is the delivery worker in small.
type moodyWorker struct {
	t                       *testing.T
	tr                      transport.Transport
	broker                  *moody
	rng                     *rand.Rand // its own: the broker's is asked when the broker likes
	recs                    []encode.Record
	delivered, dead, guilty int
}

func (w *moodyWorker) step() {
	n := min(len(w.recs), 1+w.rng.IntN(200))
	batch := w.recs[:n]
	err := send(w.t, w.tr, batch)
	out := transport.Classify(err, n)
	if err != nil && out.Batch == nil {
		if out.Permanent {
			w.t.Fatalf("permanent for a whole batch: %v", err)
		}
		return
	}
	rest := w.recs[n:]
	var again []encode.Record
	for i, rec := range batch {
		var child error
		if out.Batch != nil {
			child = out.Batch.Errs[i]
		}
		if !w.judge(&rec, child) {
			again = append(again, rec)
		}
	}
	w.recs = append(again, rest...)
}

// judge reports whether rec is done with.
func (w *moodyWorker) judge(rec *encode.Record, err error) bool {
	id := rec.ID.String()
	w.broker.mu.Lock()
	acked := w.broker.acked[id]
	w.broker.mu.Unlock()
	switch {
	case err == nil:
		if w.delivered++; !acked || poison(id) {
			w.t.Errorf("%s is called delivered", id)
		}
	case permanent(err) && code(err) == 312:
		if w.dead++; !poison(id) {
			w.t.Errorf("%s is called unroutable", id)
		}
	case permanent(err) && code(err) == 406:
		w.guilty++
	case permanent(err):
		w.t.Errorf("%s is permanent: %v", id, err)
	default:
		return false
	}
	return true
}
