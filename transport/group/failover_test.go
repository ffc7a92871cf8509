package group_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// failover runs f on virtual time with a Failover of count nodes, a heartbeat a
// second and ten seconds to be stable.
func failover(t *testing.T, count int, f func(t *testing.T, tr transport.Transport, n []*node)) {
	synctest.Test(t, func(t *testing.T) {
		nodes := acked(t, count)
		tr := open(t, group.Failover{Members: members(nodes), HeartbeatInterval: time.Second, StableAfter: 10 * time.Second})
		t.Cleanup(func() { mustClose(t, tr) })
		f(t, tr, nodes)
	})
}

func TestThePreferredMemberGetsAll(t *testing.T) {
	failover(t, 3, func(t *testing.T, tr transport.Transport, n []*node) {
		for i := range 10 {
			mustSend(t, tr, batch(i, i))
		}
		wantInts(t, "first", n[0].received(), seq(0, 9))
		want(t, "Sends to the others", n[1].sends()+n[2].sends(), 0)
		want(t, "active", active(tr), 0)
	})
}

// A member that fails has its batch moved within the same Send.
func TestABatchMovesToTheNextMember(t *testing.T) {
	failover(t, 3, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].set(true)
		n[1].set(true)
		mustSend(t, tr, batch(1, 5))
		wantInts(t, "third", n[2].received(), seq(1, 5))
		wantInts(t, "healthy", healthy(tr), []int{2})
		mustSend(t, tr, batch(6, 6))
		want(t, "Sends to the first, which is not healthy", n[0].sends(), 1)
		s := states(tr)
		want(t, "failures", s[0].Failures, 1)
		want(t, "switches", s[2].Switches, 1)
		want(t, "sent", s[2].Sent, 6)
		want(t, "last error", s[1].LastError, errDown.Error())
	})
}

// What is about the records is passed up, and no other member is asked.
func TestPermanentIsPassedUp(t *testing.T) {
	for _, cause := range []error{
		transport.Permanent(io.EOF), transport.ErrTooLarge, transport.RetryAfter(transport.Permanent(io.EOF), time.Second),
	} {
		failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
			n[0].says(cause)
			err := tr.Send(t.Context(), batch(1, 3))
			if got, want := transport.Classify(err, 3), transport.Classify(cause, 3); got != want || !errors.Is(err, cause) {
				t.Errorf("%v becomes %v", cause, err)
			}
			want(t, "Sends to the second", n[1].sends(), 0)
			wantInts(t, "healthy", healthy(tr), []int{0, 1})
		})
	}
}

// Of a BatchError only what is unresolved moves.
func TestOnlyTheUnresolvedMoves(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		refusal := transport.Permanent(io.EOF)
		n[0].says(&transport.BatchError{Errs: []error{nil, errDown, refusal, nil, errDown}})
		err := tr.Send(t.Context(), batch(1, 5))
		out := transport.Classify(err, 5)
		if out.Batch == nil {
			t.Fatalf("Send: %v", err)
		}
		for i, child := range out.Batch.Errs {
			if (child != nil) != (i == 2) || i == 2 && !transport.Classify(child, 1).Permanent {
				t.Errorf("record %d: %v", i, child)
			}
		}
		wantInts(t, "first", n[0].received(), []int{1, 4})
		wantInts(t, "second", n[1].received(), []int{2, 5})
		wantInts(t, "healthy: it answered", healthy(tr), []int{0, 1})
	})
}

// A refusal of what moved is about a part of the batch: of one record it is that
// record's answer; of several it says nothing yet, and they go again alone.
func TestRefusalOfWhatMoved(t *testing.T) {
	for _, refusal := range []error{transport.Permanent(io.EOF), transport.ErrTooLarge} {
		failover(t, 3, func(t *testing.T, tr transport.Transport, n []*node) {
			n[0].says(&transport.BatchError{Errs: []error{nil, errDown, errDown}})
			n[1].says(refusal)
			errs := transport.Classify(tr.Send(t.Context(), batch(1, 3)), 3).Batch.Errs
			for i := 1; i < 3; i++ {
				if o := transport.Classify(errs[i], 1); o != (transport.Outcome{}) || errs[i] == nil {
					t.Errorf("record %d: %v is %+v, want plain", i, errs[i], o)
				}
			}
			n[0].says(&transport.BatchError{Errs: []error{nil, errDown}})
			errs = transport.Classify(tr.Send(t.Context(), batch(1, 2)), 2).Batch.Errs
			if o := transport.Classify(errs[1], 1); errs[0] != nil || !o.Permanent && !o.TooLarge {
				t.Errorf("answers: %v", errs)
			}
			want(t, "Sends to the third", n[2].sends(), 0)
		})
	}
}

// The worker owns backoff: each member is tried once, and the error asks for
// nothing that one member alone asked for.
func TestNoMemberTakesIt(t *testing.T) {
	failover(t, 3, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.RetryAfter(errDown, time.Hour))
		n[1].set(true)
		n[2].set(true)
		err := tr.Send(t.Context(), batch(1, 2))
		if o := transport.Classify(err, 2); o != (transport.Outcome{}) || !errors.Is(err, group.ErrNoMember) || !errors.Is(err, errDown) {
			t.Errorf("%v is %+v, want plain", err, o)
		}
		for i, node := range n {
			want(t, "Sends", node.sends(), 1)
			want(t, "failures", states(tr)[i].Failures, 1)
		}
		n[2].set(false)
		mustSend(t, tr, batch(1, 2)) // nobody is healthy: those that may be asked are
		want(t, "Sends to the one that asked for an hour", n[0].sends(), 1)
	})
}

func TestAllAskForTime(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.RetryAfter(errDown, time.Minute))
		n[1].says(transport.RetryAfter(errDown, 20*time.Second))
		for range 2 { // the second time they are not even asked
			err := tr.Send(t.Context(), batch(1, 1))
			want(t, "wait", transport.Classify(err, 1).After, 20*time.Second)
		}
		time.Sleep(15 * time.Second)
		want(t, "Sends", n[0].sends()+n[1].sends(), 2)
		want(t, "Probes", n[0].beats()+n[1].beats(), 0)
		err := tr.Send(t.Context(), batch(1, 1))
		want(t, "what is left", transport.Classify(err, 1).After, 5*time.Second)
		n[1].says(nil)
		time.Sleep(5 * time.Second)
		mustSend(t, tr, batch(1, 1))
	})
}

// A member that is being left alone is not asked, and counts all the same: the
// route is not to wait for longer than until that one is back.
func TestAPauseEndsWithTheFirstOneThatIsBack(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(transport.RetryAfter(errDown, 20*time.Second))
		mustSend(t, tr, batch(1, 1)) // the second takes it
		n[1].says(transport.RetryAfter(errDown, time.Hour))
		time.Sleep(5 * time.Second)
		err := tr.Send(t.Context(), batch(2, 2))
		want(t, "Sends to the first", n[0].sends(), 1)
		want(t, "wait", transport.Classify(err, 1).After, 15*time.Second)
		n[0].says(nil)
		time.Sleep(15 * time.Second)
		mustSend(t, tr, batch(2, 2))
		want(t, "Sends to the first, when it is back", n[0].sends(), 2)
	})
}

// A member that hangs gets its share of the time, and the next one the rest.
func TestAMemberThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 3)
		n[0].slow, n[1].slow = time.Hour, time.Hour
		tr := open(t, group.Failover{Members: members(n), HeartbeatInterval: -1})
		defer tr.Close()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := tr.Send(ctx, batch(1, 1)); err != nil {
			t.Errorf("Send: %v", err)
		}
		want(t, "after", time.Since(began), 20*time.Second)
		wantInts(t, "healthy", healthy(tr), []int{2})
	})
}

func TestMemberTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 2)
		n[0].slow = time.Hour
		tr := open(t, group.Failover{Members: members(n), MemberTimeout: 700 * time.Millisecond})
		defer tr.Close()
		began := time.Now()
		mustSend(t, tr, batch(1, 1))
		want(t, "after", time.Since(began), 700*time.Millisecond)
	})
}

// A Send that the worker cancels says nothing of the member.
func TestCancelledIsNoFailure(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].do(func() { n[0].slow = time.Hour })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := tr.Send(ctx, batch(1, 1))
		if o := transport.Classify(err, 1); err == nil || o != (transport.Outcome{}) {
			t.Errorf("Send: %v", err)
		}
		wantInts(t, "healthy", healthy(tr), []int{0, 1})
		want(t, "Sends to the second", n[1].sends(), 0)
	})
}

// A panic in a member is its failure: the records go to the next one.
func TestPanicOfAMember(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].do(func() {
			n[0].send = func([]encode.Record) error { panic("send") }
			n[0].probe = func() error { panic("probe") }
		})
		mustSend(t, tr, batch(1, 1))
		time.Sleep(time.Minute)
		wantInts(t, "healthy", healthy(tr), []int{1})
		n[0].do(func() { n[0].running = 0 })
	})
}
