package group_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// courier plays the delivery worker: its cursor is a prefix of what was sent,
// behind what is held, and each record that it passes must be where it has to be.
type courier struct {
	t        *testing.T
	tr       transport.Transport
	nodes    []*node
	need     int // members that must have a record
	deciding int // members that must be up for each record to be decided
	rng      *rand.Rand

	all   int   // records logged so far: 0 to all-1
	sent  []int // taken, in reading order, refused ones left out
	acked int   // of sent
	next  int   // the record to read next
	dead  map[int]bool
	last  error
}

// deliver reads up to the record end, and returns whether that was possible.
func (c *courier) deliver(end int) bool {
	for tries := 0; c.next < end; tries++ {
		if tries > 2000 {
			return false
		}
		c.send(c.next, min(end, c.next+1+c.rng.IntN(8))-1)
	}
	return true
}

// send works on one batch until it is decided, or taken back.
func (c *courier) send(lo, hi int) {
	pending := seq(lo, hi)
	done := map[int]bool{}
	for tries := 0; len(pending) > 0 && tries < 200; tries++ {
		some := pending
		var recs []encode.Record
		for _, i := range some {
			recs = append(recs, recordOf(i))
		}
		err := c.tr.Send(c.t.Context(), recs)
		clear(recs)
		c.last = err
		out := transport.Classify(err, len(some))
		switch {
		case out.Resend > 0:
			c.takeBack(lo, hi, done, out.Resend)
			return
		case err == nil:
			for _, i := range some {
				done[i] = true
			}
			pending = nil
		case out.Batch != nil:
			pending = nil
			for k, i := range some {
				switch child := out.Batch.Errs[k]; {
				case child == nil:
					done[i] = true
				case transport.Classify(child, 1).Permanent:
					c.refused(i)
				default:
					pending = append(pending, i)
				}
			}
		case out.Permanent && len(some) == 1:
			c.refused(some[0])
			pending = nil
		case out.Permanent: // the worker bisects; one by one will do
			pending = pending[:1]
			hi = some[0]
		}
		time.Sleep(time.Duration(c.rng.Int64N(int64(time.Second))))
	}
	if len(pending) > 0 {
		c.t.Fatalf("records %v are never taken: %v\n%+v", pending, c.last, states(c.tr))
	}
	for i := lo; i <= hi; i++ {
		if done[i] {
			c.sent = append(c.sent, i)
		}
	}
	c.next = hi + 1
	c.ack(0)
}

// refused: nobody but a node that refuses it may be the reason.
func (c *courier) refused(i int) {
	if i%17 != 0 {
		c.t.Errorf("record %d is refused, and no member refuses it", i)
	}
	c.dead[i] = true
}

// takeBack rewinds to before the newest n records that were taken.
func (c *courier) takeBack(lo, hi int, done map[int]bool, n int) {
	for i := lo; i <= hi; i++ {
		if done[i] {
			c.sent = append(c.sent, i)
		}
	}
	if n > len(c.sent)-c.acked {
		c.t.Errorf("%d records are to go again, %d are not acknowledged", n, len(c.sent)-c.acked)
		n = len(c.sent) - c.acked
	}
	c.next = lo
	if n > 0 {
		c.next = min(lo, c.sent[len(c.sent)-n])
	}
	c.sent = c.sent[:len(c.sent)-n]
}

// ack moves the cursor, and looks for each record that it passes.
func (c *courier) ack(open int) {
	held := 0
	if h, ok := c.tr.(transport.Holder); ok {
		held = h.Held()
	}
	for ; c.acked < len(c.sent)-held-open; c.acked++ {
		if i := c.sent[c.acked]; c.copies(i) < c.need {
			c.t.Fatalf("record %d is acknowledged, and %d members have it", i, c.copies(i))
		}
	}
}

// copies returns how many members have the record for good.
func (c *courier) copies(i int) (n int) {
	for _, node := range c.nodes {
		if node.has(i) {
			n++
		}
	}
	return n
}

// has reports whether the node has read the record. Of what was not lost the
// newest unread are not.
func (n *node) has(i int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	unread := 0
	if n.holds {
		unread = n.unread
	}
	for k := len(n.got) - 1; k >= 0; k-- {
		if n.lost[k] {
			continue
		}
		if unread > 0 {
			unread--
			continue
		}
		if n.got[k] == i {
			return true
		}
	}
	return false
}

// moody makes a node behave at random, as its kind may.
func moody(n *node, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0)) // guarded by the node's mu
	fails := func() error {
		if n.holds && n.unread > 0 && rng.IntN(2) == 0 {
			return transport.Resend(errDown, n.unread)
		}
		return errDown
	}
	n.probe = func() error {
		if n.down {
			return fails()
		}
		return nil
	}
	n.send = func(recs []encode.Record) error {
		n.unread -= rng.IntN(n.unread + 1) // some is read
		switch mood := rng.IntN(12); {
		case n.down:
			return fails()
		case mood == 0:
			return transport.RetryAfter(errDown, time.Duration(1+rng.IntN(3))*time.Second)
		case mood == 1 && !n.holds: // an answer for each, some plain
			return each(recs, func(i int) error {
				if rng.IntN(3) == 0 {
					return errDown
				}
				return bad(i)
			})
		case mood == 2:
			return fails()
		}
		return each(recs, bad)
	}
}

// bad is what every node says of some records.
func bad(i int) error {
	if i%17 == 0 {
		return transport.Permanent(errDown)
	}
	return nil
}

func each(recs []encode.Record, say func(int) error) error {
	answers := transport.AnswersFor(len(recs))
	for k := range recs {
		answers.Set(k, say(number(&recs[k])))
	}
	return answers.Err()
}

// Whatever the members do, no record is lost, and none is acknowledged that too
// few members took.
func TestRandomMembers(t *testing.T) {
	rng := seeded(t)
	rounds := 150
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		rounds = 20_000
	}
	for range rounds {
		synctest.Test(t, func(t *testing.T) { randomRun(t, rng) })
		if t.Failed() {
			return
		}
	}
}

func randomRun(t *testing.T, rng *rand.Rand) {
	count := 1 + rng.IntN(4)
	nodes := acked(t, count)
	for _, n := range nodes {
		n.probes = rng.IntN(3) > 0
		n.holds = rng.IntN(3) == 0
		n.desc.Acknowledged = !n.holds
		moody(n, rng.Uint64())
	}
	d, need, deciding := randomGroup(nodes, rng)
	tr := open(t, d)
	c := &courier{t: t, tr: tr, nodes: nodes, need: need, deciding: deciding, rng: rng, dead: map[int]bool{}}
	for round := range 40 {
		for _, n := range nodes {
			n.set(rng.IntN(3) == 0 && round < 35)
		}
		if round%8 == 7 || count == 1 || need == count {
			for _, n := range nodes {
				n.set(false)
			}
		}
		c.all += rng.IntN(10)
		c.step()
		time.Sleep(time.Duration(rng.Int64N(int64(3 * time.Second))))
		if p, ok := tr.(transport.Prober); ok && rng.IntN(2) == 0 {
			if back := transport.Classify(p.Probe(t.Context()), 1).Resend; back > 0 {
				c.takeBack(c.next, c.next-1, nil, back)
			}
		}
		c.ack(0)
	}
	for _, n := range nodes {
		n.do(func() {
			n.down, n.send, n.probe = false, func(recs []encode.Record) error { n.unread = 0; return each(recs, bad) }, nil
		})
	}
	c.all++
	if !c.deliver(c.all) {
		t.Fatal("it does not come to an end")
	}
	for _, n := range nodes {
		n.do(func() { n.unread = 0 })
	}
	c.ack(0)
	mustClose(t, tr)
	c.verdict()
}

// step delivers what there is while somebody is up; while nobody is, it tries.
func (c *courier) step() {
	up := 0
	for _, n := range c.nodes {
		n.do(func() {
			if !n.down {
				up++
			}
		})
	}
	// To accept takes the quorum; to refuse takes so many that the others are none.
	if up >= c.deciding {
		if !c.deliver(c.all) {
			c.t.Fatalf("%d of %d members are up, and nothing goes on", up, len(c.nodes))
		}
	}
}

// verdict looks for each record that was logged.
func (c *courier) verdict() {
	if c.acked != len(c.sent) {
		c.t.Errorf("%d of %d records are not acknowledged", len(c.sent)-c.acked, len(c.sent))
	}
	for i := range c.all {
		if !c.dead[i] && c.copies(i) < c.need {
			c.t.Errorf("record %d is at %d members, want %d", i, c.copies(i), c.need)
		}
	}
}

func randomGroup(nodes []*node, rng *rand.Rand) (d transport.Destination, need, deciding int) {
	all := members(nodes)
	beat := time.Duration(rng.IntN(3)) * time.Second
	stable := time.Duration(1+rng.IntN(5)) * time.Second
	switch rng.IntN(4) {
	case 0:
		return group.Failover{Members: all, HeartbeatInterval: beat, StableAfter: stable}, 1, 1
	case 1:
		return group.Balance{Members: all, HeartbeatInterval: beat, StableAfter: stable}, 1, 1
	case 2: // nested
		inner := group.Failover{Members: all[:1+rng.IntN(len(all))], HeartbeatInterval: beat, StableAfter: stable}
		rest := all[len(inner.Members):]
		return group.Failover{Members: append([]transport.Destination{inner}, rest...), HeartbeatInterval: beat, StableAfter: stable}, 1, 1
	default:
		size := 1 + rng.IntN(len(all))
		return group.Quorum{Members: all, QuorumSize: size, HeartbeatInterval: beat, StableAfter: stable}, size, max(size, len(all)-size+1)
	}
}
