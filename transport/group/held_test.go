package group_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// holders runs f with a Failover of two members that do not acknowledge.
func holders(t *testing.T, f func(t *testing.T, tr transport.Transport, n []*node)) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 2)
		n[0].holds, n[1].holds = true, true
		tr := open(t, group.Failover{Members: members(n), HeartbeatInterval: time.Second, StableAfter: 10 * time.Second})
		t.Cleanup(func() { mustClose(t, tr) })
		f(t, tr, n)
	})
}

func held(tr transport.Transport) int { return tr.(transport.Holder).Held() }

// breaks makes the node's connection break: what it holds has to go again, says
// its next Send or Probe, and it is down from then on.
func (n *node) breaks() {
	n.do(func() {
		n.probe = func() error {
			n.probe, n.down = nil, true
			return transport.Resend(errDown, n.unread)
		}
	})
}

// While both members hold something, the group holds all from the oldest on.
func TestHeldReachesToTheOldest(t *testing.T) {
	holders(t, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 10))
		want(t, "held by the first", held(tr), 10)
		n[0].do(func() { n[0].unread = 4 })
		want(t, "when some was read", held(tr), 4)
		n[0].set(true)
		mustSend(t, tr, batch(11, 15))
		want(t, "and five by the second", held(tr), 9)
		n[1].do(func() { n[1].unread = 0 })
		want(t, "when the second has read all", held(tr), 9)
		n[0].do(func() { n[0].unread = 0 })
		want(t, "when both have", held(tr), 0)
	})
}

// The connection of the member in use breaks: its records go again with all that
// came after them, and go to the other.
func TestResendGoesToTheNextMember(t *testing.T) {
	holders(t, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 10))
		n[0].do(func() { n[0].unread = 4 })
		n[0].says(transport.Resend(errDown, 4))
		err := tr.Send(t.Context(), batch(11, 12))
		want(t, "records to go again", transport.Classify(err, 2).Resend, 4)
		want(t, "Sends to the second: order first", n[1].sends(), 0)
		want(t, "held", held(tr), 0)
		mustSend(t, tr, batch(7, 12))
		wantInts(t, "second", n[1].received(), seq(7, 12))
		want(t, "held by the second", held(tr), 6)
	})
}

// A heartbeat finds the connection of a member broken that is not in use any
// more. What it held comes again, and all after it, though the other member has
// that: the worker counts in one line.
func TestResendOfAMemberInTheBackground(t *testing.T) {
	holders(t, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 10))
		n[0].do(func() { n[0].unread = 3 })
		n[0].set(true)
		mustSend(t, tr, batch(11, 15))
		n[1].do(func() { n[1].unread = 1 })
		want(t, "held", held(tr), 8)
		n[0].breaks()
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "held, as it was lost and nobody knows yet", held(tr), 8)
		err := tr.(transport.Prober).Probe(t.Context())
		want(t, "records to go again", transport.Classify(err, 1).Resend, 8)
		want(t, "held: what the second has counts no more", held(tr), 0)
		mustSend(t, tr, batch(8, 15))
		n[1].do(func() { n[1].unread = 8 }) // the old one was read
		want(t, "held", held(tr), 8)
		if err := tr.(transport.Prober).Probe(t.Context()); err != nil {
			t.Errorf("Probe, when all is told: %v", err)
		}
	})
}

// A member takes back what has gone again already: nobody needs to know, and
// the batch goes on to the next one in the same Send.
func TestResendOfWhatWentAgain(t *testing.T) {
	holders(t, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 2)) // the first
		n[0].set(true)
		mustSend(t, tr, batch(3, 4)) // the second
		n[0].breaks()
		time.Sleep(time.Second)
		synctest.Wait()
		err := tr.Send(t.Context(), batch(5, 5))
		want(t, "records to go again", transport.Classify(err, 1).Resend, 4)
		n[1].says(transport.Resend(errDown, 2)) // 3 and 4, which are void by now
		n[0].set(false)
		time.Sleep(time.Second)
		synctest.Wait()
		mustSend(t, tr, batch(1, 5))
		wantInts(t, "first", n[0].received()[2:], seq(1, 5))
		want(t, "held", held(tr), 5)
	})
}

// A member that acknowledges beside one that holds: what it took is held by
// nobody.
func TestHolderBesideAnAcknowledger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 2)
		n[1].holds = true
		tr := open(t, group.Failover{Members: members(n)})
		defer tr.Close()
		want(t, "Acknowledged", tr.Describe().Acknowledged, true)
		mustSend(t, tr, batch(1, 10))
		want(t, "held", held(tr), 0)
		n[0].says(&transport.BatchError{Errs: []error{errDown, nil, errDown, nil}})
		mustSend(t, tr, batch(11, 14))
		want(t, "held from the first of the second's", held(tr), 4)
	})
}

// A record that was taken behind one that is left goes again: in a line, the
// worker counts by places. Only for groups that hold.
func TestNoGapsBeforeTheHeld(t *testing.T) {
	for _, holds := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := acked(t, 2)
			n[1].holds = holds
			n[1].down = true
			tr := open(t, group.Failover{Members: members(n)})
			defer tr.Close()
			n[0].says(&transport.BatchError{Errs: []error{nil, transport.Permanent(errDown), errDown, nil}})
			errs := transport.Classify(tr.Send(t.Context(), batch(1, 4)), 4).Batch.Errs
			want(t, "the first is taken", errs[0], nil)
			want(t, "the second is refused", transport.Classify(errs[1], 1).Permanent, true)
			want(t, "the third goes again", plain(errs[2], transport.Classify(errs[2], 1)), true)
			want(t, "the fourth is taken", errs[3] == nil, !holds)
		})
	}
}

// A Quorum lets go of a record when QuorumSize members have it for good, and
// asks for it again only if they do not.
func TestQuorumOfHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 3)
		n[1].holds, n[2].holds = true, true
		tr := open(t, group.Quorum{Members: members(n), HeartbeatInterval: time.Second})
		defer tr.Close()
		mustSend(t, tr, batch(1, 10))
		want(t, "held: one has it for good", held(tr), 10)
		n[1].do(func() { n[1].unread = 3 })
		want(t, "held: two have seven", held(tr), 3)
		n[2].do(func() { n[2].unread = 5 })
		want(t, "held: the third does not matter", held(tr), 3)
		n[2].breaks() // five: two of them another two have
		time.Sleep(5 * time.Second)
		synctest.Wait()
		err := tr.(transport.Prober).Probe(t.Context())
		if got := transport.Classify(err, 1).Resend; got != 0 {
			t.Errorf("%d records go again; the first has them, and the second may yet", got)
		}
		want(t, "held", held(tr), 3)
		n[1].breaks()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		err = tr.(transport.Prober).Probe(t.Context())
		want(t, "records to go again", transport.Classify(err, 1).Resend, 3)
	})
}

// After Close, what the members do not vouch for is held, also what was taken
// back and nobody was told of.
func TestHeldAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 2)
		n[0].holds = true
		tr := open(t, group.Failover{Members: members(n), HeartbeatInterval: time.Second})
		mustSend(t, tr, batch(1, 10))
		n[0].do(func() { n[0].unread = 2 })
		n[0].breaks()
		time.Sleep(5 * time.Second)
		mustClose(t, tr)
		want(t, "held", held(tr), 2)
	})
}
