package group_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// Back to the preferred member once it is stable: at the first heartbeat at
// least StableAfter after the last failure, and not before.
func TestFailBack(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		began := time.Now()
		n[0].set(true)
		mustSend(t, tr, batch(1, 1))
		time.AfterFunc(20500*time.Millisecond, func() { n[0].set(false) })
		var back time.Duration
		for i := 2; back == 0; i++ {
			time.Sleep(100 * time.Millisecond)
			mustSend(t, tr, batch(i, i))
			if active(tr) == 0 {
				back = time.Since(began)
			}
		}
		// The heartbeat at 20 s was the last to fail, and 10 s later is the first
		// that may say so. The next Send is at the same moment, or the one after.
		if back < 30*time.Second || back > 30100*time.Millisecond {
			t.Errorf("back after %v", back)
		}
		want(t, "switches to the second", states(tr)[1].Switches, 1)
		want(t, "switches to the first", states(tr)[0].Switches, 1)
	})
}

// The preferred member dies while nothing is sent: the next record finds the
// other one at once.
func TestHeartbeatFindsADeadMember(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 1))
		time.Sleep(time.Minute)
		n[0].set(true)
		time.Sleep(time.Second)
		synctest.Wait()
		wantInts(t, "healthy", healthy(tr), []int{1})
		mustSend(t, tr, batch(2, 2))
		want(t, "Sends to the first", n[0].sends(), 1)
	})
}

// A member that answers every other heartbeat is never used again.
func TestNoFlapping(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].set(true)
		mustSend(t, tr, batch(0, 0))
		for i := range 3600 {
			time.Sleep(time.Second)
			n[0].set(i%2 == 0)
			mustSend(t, tr, batch(i, i))
		}
		want(t, "switches away", states(tr)[1].Switches, 1)
		want(t, "switches back", states(tr)[0].Switches, 0)
	})
}

// One that breaks again soon after it was taken back has to be stable for twice
// as long each time: 10, 20, 40, 80, 160 s, and no more than that. One that was
// well for four times as long starts anew.
func TestRelapsesAreWaitedOutLonger(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		i := 0
		relapse := func() time.Duration {
			i++
			n[0].set(true)
			mustSend(t, tr, batch(i, i))
			n[0].set(false)
			failed := time.Now()
			for len(healthy(tr)) < 2 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			return time.Since(failed)
		}
		for _, wait := range []time.Duration{10, 20, 40, 80, 160, 160} {
			want(t, "wait", relapse(), wait*time.Second)
		}
		time.Sleep(4 * 160 * time.Second)
		want(t, "wait after a long good time", relapse(), 10*time.Second)
	})
}

// Random troubles of the preferred member, an hour of each kind: however they
// come, the more often it breaks the less often the group goes back to it.
func TestSwitchesAreBounded(t *testing.T) {
	rng := seeded(t)
	for range 10 {
		up, downFor := 1+rng.IntN(30), 1+rng.IntN(30)
		failover(t, 3, func(t *testing.T, tr transport.Transport, n []*node) {
			for i := range 3600 {
				if down := rng.IntN(up+downFor) < downFor; i%5 == 0 {
					n[0].set(down)
				}
				time.Sleep(time.Second)
				mustSend(t, tr, batch(i, i))
			}
			// A failure that is no relapse comes 40 s after the last return or later,
			// and the next return 10 s after that.
			if s := states(tr)[0].Switches; s > 3600/50 {
				t.Errorf("up %d, down %d: %d times back in an hour", up, downFor, s)
			}
		})
	}
}

// Of a member that cannot be probed, a Send finds out whether it is back:
// StableAfter after it failed, and one Send at a time.
func TestTrialOfAMemberThatCannotBeProbed(t *testing.T) {
	for _, probes := range []bool{false, true} { // or is not to be probed
		synctest.Test(t, func(t *testing.T) {
			n := acked(t, 2)
			n[0].probes, n[1].probes = probes, probes
			for _, node := range n {
				node.desc.MaxInFlight = 2
			}
			tr := open(t, group.Failover{Members: members(n), HeartbeatInterval: -1, StableAfter: 10 * time.Second})
			defer tr.Close()
			n[0].set(true)
			mustSend(t, tr, batch(1, 1))
			time.Sleep(9 * time.Second)
			mustSend(t, tr, batch(2, 2))
			want(t, "Sends before StableAfter", n[0].sends(), 1)
			time.Sleep(time.Second)
			mustSend(t, tr, batch(3, 3))
			want(t, "Sends after StableAfter", n[0].sends(), 2)
			time.Sleep(19 * time.Second)
			mustSend(t, tr, batch(4, 4))
			want(t, "Sends before twice StableAfter", n[0].sends(), 2)
			n[0].do(func() { n[0].down, n[0].slow = false, time.Second })
			time.Sleep(time.Second)
			tried := make(chan error)
			go func() { tried <- tr.Send(t.Context(), batch(5, 5)) }()
			synctest.Wait()
			mustSend(t, tr, batch(6, 6)) // beside the trial
			want(t, "Sends while one tries", n[0].sends(), 3)
			if err := <-tried; err != nil {
				t.Error(err)
			}
			wantInts(t, "healthy", healthy(tr), []int{0, 1})
			want(t, "Probes", n[0].beats()+n[1].beats(), 0)
		})
	}
}

// While no member is healthy, one that answers is stayed with.
func TestNoBackAndForthBetweenTheSick(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].set(true)
		n[1].set(true)
		if err := tr.Send(t.Context(), batch(1, 1)); err == nil {
			t.Fatal("nobody took it, and Send says nil")
		}
		n[1].set(false)
		mustSend(t, tr, batch(1, 1))
		want(t, "active", active(tr), 1)
		n[0].set(false)
		for i := range 9 {
			time.Sleep(time.Second)
			mustSend(t, tr, batch(i, i))
		}
		want(t, "active: both answer, neither is stable", active(tr), 1)
		time.Sleep(5 * time.Second)
		mustSend(t, tr, batch(10, 10))
		want(t, "active: both are stable", active(tr), 0)
	})
}

// Heartbeats come with the first Send, once an interval; not to a member that
// has just answered; and end with Close.
func TestHeartbeats(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		time.Sleep(time.Hour)
		want(t, "Probes of a group that nobody uses", n[0].beats()+n[1].beats(), 0)
		if err := tr.Send(context.WithValue(t.Context(), markKey{}, "route"), batch(1, 1)); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			time.Sleep(500 * time.Millisecond)
			tr.Send(context.WithValue(t.Context(), markKey{}, "route"), batch(1, 1))
		}
		synctest.Wait()
		want(t, "Probes of the one in use", n[0].beats(), 0)
		want(t, "Probes of the other", n[1].beats(), 10)
		want(t, "the mark of the Send in a Probe", n[1].marks[3], any("route"))
	})
}

// A Send waits for a Probe of its member, and if that fails goes elsewhere.
func TestSendMeetsAProbeThatHangs(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 1))
		n[0].do(func() { n[0].slow = time.Hour })
		time.Sleep(1500 * time.Millisecond)
		began := time.Now()
		mustSend(t, tr, batch(2, 2))
		want(t, "waited", time.Since(began), 500*time.Millisecond)
		want(t, "Sends to the one that hangs", n[0].sends(), 1)
	})
}

// A Probe that ends its goroutine (t.FailNow in a callback does) is a failure, and
// the member is probed again, else it would never be healthy again.
func TestHeartbeatSurvivesGoexit(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 1))
		n[1].do(func() { n[1].probe = func() error { runtime.Goexit(); return nil } })
		time.Sleep(5500 * time.Millisecond)
		wantInts(t, "healthy", healthy(tr), []int{0})
		want(t, "Probes", n[1].beats(), 5)
		n[1].do(func() { n[1].probe = nil })
		time.Sleep(10 * time.Second)
		wantInts(t, "healthy, when it answers again", healthy(tr), []int{0, 1})
	})
}

// Close cuts a heartbeat off and waits for it.
func TestCloseJoinsTheHeartbeats(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		mustSend(t, tr, batch(1, 1))
		n[1].do(func() { n[1].slow = 900 * time.Millisecond })
		time.Sleep(1500 * time.Millisecond)
		want(t, "a Probe runs", n[1].beats(), 1)
	}) // and the node objects to a Close beside a Probe, the bubble to a goroutine that is left
}

// The state is of each member, and of those in a group within the group.
func TestStateOfNestedGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := acked(t, 3)
		tr := open(t, group.Failover{
			Members: []transport.Destination{n[0], group.Balance{Members: members(n[1:])}}, Names: []string{"near", ""},
		})
		defer tr.Close()
		n[0].says(&transport.BatchError{Errs: []error{errDown}})
		mustSend(t, tr, batch(1, 1))
		s := states(tr)
		want(t, "name", s[0].Name, "near")
		want(t, "default name", s[1].Name, "balance#2")
		want(t, "members within", len(s[1].Members), 2)
		want(t, "name within", s[1].Members[0].Name, "group_test#1")
		want(t, "sent within", s[1].Members[0].Sent, 1)
		want(t, "active", s[1].Active && !s[0].Active, true)
	})
}

// Memory that a Send was lent is not looked at when it is over.
func TestNothingIsKept(t *testing.T) {
	failover(t, 2, func(t *testing.T, tr transport.Transport, n []*node) {
		n[0].says(&transport.BatchError{Errs: []error{nil, errDown}})
		recs := batch(1, 2)
		mustSend(t, tr, recs)
		clear(recs)
		time.Sleep(time.Minute)
		wantInts(t, "second", n[1].received(), []int{2})
	})
}
