package group_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// balance is failover for a Balance.
func balance(t *testing.T, count int, p group.Policy, f func(t *testing.T, tr transport.Transport, n []*node)) {
	synctest.Test(t, func(t *testing.T) {
		nodes := acked(t, count)
		d := group.Balance{Members: members(nodes), Policy: p, HeartbeatInterval: time.Second, StableAfter: 10 * time.Second}
		tr := open(t, d)
		t.Cleanup(func() { mustClose(t, tr) })
		f(t, tr, nodes)
	})
}

func TestRoundRobin(t *testing.T) {
	balance(t, 3, group.RoundRobin, func(t *testing.T, tr transport.Transport, n []*node) {
		for i := range 9 {
			mustSend(t, tr, batch(i, i))
		}
		wantInts(t, "first", n[0].received(), []int{0, 3, 6})
		wantInts(t, "second", n[1].received(), []int{1, 4, 7})
		wantInts(t, "third", n[2].received(), []int{2, 5, 8})
	})
}

// A sick member is left out, the others go on in turn, and it comes back when
// it is stable.
func TestASickMemberIsLeftOut(t *testing.T) {
	for _, p := range []group.Policy{group.RoundRobin, group.LeastPending} {
		balance(t, 3, p, func(t *testing.T, tr transport.Transport, n []*node) {
			n[0].set(true)
			for i := range 9 {
				mustSend(t, tr, batch(i, i))
			}
			want(t, "Sends to the sick one", n[0].sends(), 1)
			for i, node := range n[1:] {
				if got := len(node.received()); got < 4 || got > 5 {
					t.Errorf("member %d took %d of 9", i+1, got)
				}
			}
			wantInts(t, "healthy", healthy(tr), []int{1, 2})
			n[0].set(false)
			time.Sleep(11 * time.Second)
			for i := range 9 {
				mustSend(t, tr, batch(i, i))
			}
			want(t, "records of the one that is back", len(n[0].received()), 3)
			want(t, "active", states(tr)[0].Active, true)
		})
	}
}

// What is passed up, and what moves, is as with Failover.
func TestBalancePassesPermanentUp(t *testing.T) {
	balance(t, 2, group.RoundRobin, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.Permanent(errDown))
		err := tr.Send(t.Context(), batch(1, 2))
		want(t, "permanent", transport.Classify(err, 2).Permanent, true)
		want(t, "Sends to the second", n[1].sends(), 0)
	})
}

// Each member gets as many Sends at a time as it can stand, and no more: the
// node objects. Sends beyond that wait.
func TestSendsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 3)
		for i, node := range n {
			node.slow, node.desc.MaxInFlight = time.Second, i // 0 is 1
		}
		tr := open(t, group.Balance{Members: members(n), Policy: group.LeastPending})
		defer tr.Close()
		want(t, "MaxInFlight", tr.Describe().MaxInFlight, 4)
		results := make(chan error)
		began := time.Now()
		for i := range 12 {
			go func() { results <- tr.Send(t.Context(), batch(i, i)) }()
		}
		var all []int
		for range 12 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		for _, node := range n {
			all = append(all, node.received()...)
		}
		slices.Sort(all)
		wantInts(t, "received", all, seq(0, 11))
		if took := time.Since(began); took < 3*time.Second {
			t.Errorf("12 Sends of a second, 4 at a time, took %v", took)
		}
		want(t, "most at a time", n[2].most, 2)
	})
}

// LeastPending sees the records that a slow member still has.
func TestLeastPending(t *testing.T) {
	balance(t, 2, group.LeastPending, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].do(func() { n[0].slow = time.Minute })
		done := make(chan error)
		go func() { done <- tr.Send(t.Context(), batch(0, 9)) }()
		synctest.Wait()
		for i := range 5 {
			mustSend(t, tr, batch(10+i, 10+i))
		}
		want(t, "Sends to the slow one", n[0].sends(), 1)
		want(t, "Sends to the other", n[1].sends(), 5)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Of a group with a member that holds, one Send at a time, however many others
// there are: the newest records of several Sends at a time are nobody's.
func TestOneSendAtATimeWithAHolder(t *testing.T) {
	n := acked(t, 2)
	n[0].holds = true
	n[1].desc.MaxInFlight = 8
	for _, d := range []transport.Destination{
		group.Balance{Members: members(n)}, group.Failover{Members: members(n)}, group.Quorum{Members: members(n)},
	} {
		tr := open(t, d)
		want(t, "MaxInFlight", tr.Describe().MaxInFlight, 1)
		n[0].closed, n[1].closed = -1, -1
		tr.Close()
	}
}

func TestPolicyText(t *testing.T) {
	for _, p := range []group.Policy{group.RoundRobin, group.LeastPending} {
		text, err := p.MarshalText()
		var back group.Policy
		if err != nil || back.UnmarshalText(text) != nil || back != p {
			t.Errorf("%v: %q, %v, %v", p, text, err, back)
		}
	}
	var p group.Policy
	if err := p.UnmarshalText([]byte("random")); !errors.Is(err, group.ErrConfig) {
		t.Errorf("random: %v", err)
	}
	if _, err := group.Policy(9).MarshalText(); !errors.Is(err, group.ErrConfig) {
		t.Errorf("9: %v", err)
	}
}
