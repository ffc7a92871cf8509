package group_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// quorum is failover for a Quorum of 2 in 3.
func quorum(t *testing.T, f func(t *testing.T, tr transport.Transport, n []*node)) {
	synctest.Test(t, func(t *testing.T) {
		nodes := acked(t, 3)
		d := group.Quorum{
			Members: members(nodes), SyncTimeout: 2 * time.Second, HeartbeatInterval: time.Second, StableAfter: 10 * time.Second,
		}
		tr := open(t, d)
		t.Cleanup(func() { mustClose(t, tr) })
		f(t, tr, nodes)
	})
}

func late(tr transport.Transport) (n []int) {
	for _, s := range states(tr) {
		n = append(n, int(s.Late))
	}
	return n
}

func TestAllMembersGetTheBatch(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		for _, node := range n {
			node.do(func() { node.slow = time.Second })
		}
		began := time.Now()
		mustSend(t, tr, batch(1, 5))
		want(t, "at the same time", time.Since(began), time.Second)
		for _, node := range n {
			wantInts(t, "received", node.received(), seq(1, 5))
		}
		wantInts(t, "late", late(tr), []int{0, 0, 0})
	})
}

// One member that is down does not matter, and is not asked until it is back.
func TestAQuorumIsEnough(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[1].set(true)
		mustSend(t, tr, batch(1, 5))
		mustSend(t, tr, batch(6, 7))
		want(t, "Sends to the one that is down", n[1].sends(), 1)
		wantInts(t, "late", late(tr), []int{0, 7, 0})
		n[1].set(false)
		time.Sleep(11 * time.Second)
		mustSend(t, tr, batch(8, 8))
		wantInts(t, "received by the one that is back", n[1].received(), []int{8})
	})
}

// A member that does not answer within SyncTimeout is late: the batch is
// acknowledged without it, and the next one does not wait.
func TestALateMember(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[2].do(func() { n[2].slow = time.Hour })
		began := time.Now()
		mustSend(t, tr, batch(1, 3))
		want(t, "waited", time.Since(began), 2*time.Second)
		mustSend(t, tr, batch(4, 4))
		want(t, "waited for the second", time.Since(began), 2*time.Second)
		wantInts(t, "late", late(tr), []int{0, 0, 4})
		wantInts(t, "healthy", healthy(tr), []int{0, 1})
	})
}

// Without a quorum the error is plain. The member that took the batch does not
// get it again with each attempt.
func TestNoQuorum(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[1].set(true)
		n[2].set(true)
		for range 20 {
			err := tr.Send(t.Context(), batch(1, 3))
			if out := transport.Classify(err, 3); !plain(err, out) {
				t.Fatalf("%v is %+v, want plain", err, out)
			}
			time.Sleep(time.Second)
		}
		wantInts(t, "first", n[0].received(), seq(1, 3))
		n[1].set(false)
		mustSend(t, tr, batch(1, 3))
		wantInts(t, "first, after all", n[0].received(), seq(1, 3))
		wantInts(t, "second", n[1].received(), seq(1, 3))
		mustSend(t, tr, batch(1, 3)) // and then all is forgotten
		wantInts(t, "first, when it is sent anew", n[0].received(), append(seq(1, 3), seq(1, 3)...))
	})
}

// plain reports whether the worker will send everything again.
func plain(err error, out transport.Outcome) bool {
	if err == nil || out.Permanent || out.TooLarge || out.Resend > 0 {
		return false
	}
	if out.Batch == nil {
		return true
	}
	return !slices.ContainsFunc(out.Batch.Errs, func(child error) bool { return !plain(child, transport.Classify(child, 1)) })
}

// Permanent is a missing vote: with a quorum of others it does not matter.
func TestPermanentIsAMissingVote(t *testing.T) {
	for _, cause := range []error{
		transport.Permanent(io.EOF), transport.ErrTooLarge, &transport.BatchError{Errs: []error{transport.Permanent(io.EOF), nil}},
	} {
		quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
			n[1].says(cause)
			mustSend(t, tr, batch(1, 2))
			wantInts(t, "healthy: it answered", healthy(tr), []int{0, 1, 2})
			want(t, "the first record is missing there", late(tr)[1] > 0, true)
		})
	}
}

// So many missing votes that there can be no quorum are the group's refusal,
// else the record would stop the route for ever.
func TestRefusedByTooMany(t *testing.T) {
	for _, refusal := range []error{transport.Permanent(io.EOF), transport.ErrTooLarge} {
		quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
			n[0].says(refusal)
			n[2].says(refusal)
			err := tr.Send(t.Context(), batch(1, 3))
			if got, want := transport.Classify(err, 3), transport.Classify(refusal, 3); got != want || !errors.Is(err, group.ErrQuorum) {
				t.Errorf("of three: %v is %+v, want %+v", err, got, want)
			}
			err = tr.Send(t.Context(), batch(2, 2))
			errs := transport.Classify(err, 1).Batch.Errs
			if got, want := transport.Classify(errs[0], 1), transport.Classify(refusal, 1); got != want {
				t.Errorf("of one: %v is %+v, want %+v", err, got, want)
			}
			wantInts(t, "the one that takes them", n[1].received(), seq(1, 3)) // once
		})
	}
}

// A refusal of single records is told for these alone.
func TestSingleRefusals(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		bad := &transport.BatchError{Errs: []error{nil, transport.Permanent(io.EOF), nil}}
		n[0].says(bad)
		n[1].says(bad)
		err := tr.Send(t.Context(), batch(1, 3))
		errs := transport.Classify(err, 3).Batch.Errs
		if errs[0] != nil || errs[2] != nil || !transport.Classify(errs[1], 1).Permanent {
			t.Errorf("answers: %v", errs)
		}
	})
}

// Each record has its own votes.
func TestVotesAreOfRecords(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(&transport.BatchError{Errs: []error{nil, errDown, nil}})
		n[1].says(&transport.BatchError{Errs: []error{nil, nil, errDown}})
		n[2].set(true)
		err := tr.Send(t.Context(), batch(1, 3))
		errs := transport.Classify(err, 3).Batch.Errs
		if errs[0] != nil || !plain(errs[1], transport.Classify(errs[1], 1)) || !plain(errs[2], transport.Classify(errs[2], 1)) {
			t.Errorf("answers: %v", errs)
		}
		n[0].do(func() { n[0].send = nil })
		n[1].do(func() { n[1].send = nil })
		mustSend(t, tr, batch(2, 3))
		wantInts(t, "first", n[0].received(), []int{1, 3, 2})
		wantInts(t, "second", n[1].received(), []int{1, 2, 3})
	})
}

func TestQuorumAsksForTime(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.RetryAfter(errDown, time.Minute))
		n[1].says(transport.RetryAfter(errDown, time.Hour))
		err := tr.Send(t.Context(), batch(1, 1))
		want(t, "wait", transport.Classify(err, 1).After, time.Minute)
		before := n[2].sends()
		err = tr.Send(t.Context(), batch(1, 1))
		want(t, "wait", transport.Classify(err, 1).After, time.Minute)
		want(t, "Sends, as there can be no quorum", n[2].sends(), before)
	})
}

// As TestAPauseEndsWithTheFirstOneThatIsBack.
func TestQuorumAsksForNoMoreTimeThanItsMembers(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.RetryAfter(errDown, time.Minute))
		mustSend(t, tr, batch(1, 1)) // the others are a quorum
		n[1].says(transport.RetryAfter(errDown, time.Hour))
		err := tr.Send(t.Context(), batch(2, 2))
		want(t, "wait", transport.Classify(err, 1).After, time.Minute)
		n[0].says(nil)
		time.Sleep(time.Minute)
		mustSend(t, tr, batch(2, 2))
	})
}

// Members that are not healthy are asked if without them there is no quorum.
func TestTheSickMakeAQuorum(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		for _, node := range n {
			node.set(true)
		}
		if err := tr.Send(t.Context(), batch(1, 1)); !errors.Is(err, group.ErrQuorum) {
			t.Errorf("Send: %v", err)
		}
		n[1].set(false)
		n[2].set(false)
		mustSend(t, tr, batch(1, 1))
	})
}

// A panic or Goexit in one member is its missing vote.
func TestQuorumContainsItsMembers(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[1].do(func() { n[1].send = func([]encode.Record) error { panic("send") } })
		mustSend(t, tr, batch(1, 1))
		wantInts(t, "healthy", healthy(tr), []int{0, 2})
		n[1].do(func() { n[1].send = nil })
		time.Sleep(11 * time.Second)
		n[2].do(func() { n[2].send = func([]encode.Record) error { runtime.Goexit(); return nil } })
		mustSend(t, tr, batch(2, 2))
		wantInts(t, "healthy, after Goexit", healthy(tr), []int{0, 1})
	})
}

func TestQuorumEndsWithItsContext(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		for _, node := range n {
			node.do(func() { node.slow = time.Hour })
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := tr.Send(ctx, batch(1, 1)); err == nil {
			t.Error("nobody answered, and Send says nil")
		}
		want(t, "took", time.Since(began), time.Second)
	})
}

// A refusal decides nothing while the others may yet make a quorum.
func TestARefusalThatDoesNotDecide(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(&transport.BatchError{Errs: []error{nil, transport.Permanent(io.EOF)}})
		n[2].set(true)
		errs := transport.Classify(tr.Send(t.Context(), batch(1, 2)), 2).Batch.Errs
		if errs[0] != nil || !plain(errs[1], transport.Classify(errs[1], 1)) {
			t.Errorf("answers: %v", errs)
		}
		n[2].set(false)
		mustSend(t, tr, batch(2, 2))
	})
}

// Those that are not healthy are asked for what the healthy ones leave open, and
// for nothing else.
func TestTheReserveDecides(t *testing.T) {
	quorum(t, func(t *testing.T, tr transport.Transport, n []*node) {
		n[2].set(true)
		mustSend(t, tr, batch(1, 1))
		n[2].set(false)
		n[1].says(&transport.BatchError{Errs: []error{nil, errDown, nil}})
		mustSend(t, tr, batch(2, 4))
		wantInts(t, "the one that is not healthy", n[2].received(), []int{3})
	})
}

// See TestNoGapsBeforeTheHeld.
func TestNoGapsInAQuorumOfHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 3)
		n[2].holds, n[2].down = true, true
		tr := open(t, group.Quorum{Members: members(n)})
		t.Cleanup(func() { mustClose(t, tr) })
		n[0].says(&transport.BatchError{Errs: []error{nil, errDown, nil}})
		errs := transport.Classify(tr.Send(t.Context(), batch(1, 3)), 3).Batch.Errs
		for i, child := range errs {
			if plain(child, transport.Classify(child, 1)) != (i > 0) {
				t.Errorf("record %d: %v", i+1, child)
			}
		}
	})
}
