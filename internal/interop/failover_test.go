package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/relp"
)

// The journal's count, of journals written by hand.
func TestSwitches(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for name, c := range map[string]struct {
		all  []answered
		want switches
	}{
		"all well": {[]answered{{0, at(1), true, true}, {1, at(2), true, false}, {0, at(3), true, true}}, switches{}},
		"a failed Send": {
			[]answered{{0, at(1), true, true}, {0, at(10), false, true}, {1, at(15), true, true}},
			switches{over: 1, longest: 5 * time.Millisecond},
		},
		"a failed Probe, and a Send much later": {
			[]answered{{0, at(10), false, false}, {0, at(20), false, false}, {2, at(900), true, true}},
			switches{over: 1, longest: 890 * time.Millisecond},
		},
		"the next one fails, too": {
			[]answered{{0, at(10), false, true}, {1, at(20), false, true}, {2, at(30), true, true}},
			switches{over: 1, longest: 20 * time.Millisecond},
		},
		"it was a hiccup": {
			[]answered{{0, at(10), false, true}, {0, at(20), true, true}, {0, at(500), false, true}, {1, at(510), true, true}},
			switches{over: 1, longest: 10 * time.Millisecond},
		},
		"and back": {
			[]answered{{0, at(10), false, true}, {1, at(20), true, true}, {0, at(900), true, false}, {0, at(910), true, true}},
			switches{over: 1, back: 1, longest: 10 * time.Millisecond},
		},
		"back because the other one failed": {
			[]answered{{1, at(10), true, true}, {1, at(20), false, true}, {0, at(50), true, true}},
			switches{over: 1, back: 1, longest: 30 * time.Millisecond},
		},
	} {
		if got := (&journal{all: c.all}).count(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A verdict that accepts everything would be none.
func TestVerdictOfATrial(t *testing.T) {
	tr := trial{copies: 1, within: time.Second}
	for _, c := range []struct {
		s          switches
		kills      int
		duplicates int
		want       error
	}{
		{switches{over: 3, back: 2, longest: time.Second}, 5, 5 * failoverBatch, nil},
		{switches{over: 3, longest: time.Second}, 5, 0, errNoSwitch},
		{switches{back: 3, longest: time.Second}, 5, 0, errNoSwitch},
		{switches{over: 3, back: 2, longest: time.Second + 1}, 5, 0, errSwitch},
		{switches{over: 3, back: 2}, 5, 5*failoverBatch + 1, errTwice},
	} {
		out := outcome{verdict: verdict{duplicates: c.duplicates}}
		if err := tr.verdict(c.s, c.kills, &out); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c, err, c.want)
		}
	}
}

// A record is lost if too few nodes have it; a copy too many is a duplicate
// where one is wanted.
func TestTally(t *testing.T) {
	copies := [][]int{{0, 1}, {2, 3}}
	for want, of := range map[verdict]int{{lost: 1, duplicates: 3}: 1, {lost: 2}: 2, {lost: 3}: 3} {
		var v verdict
		trial{copies: of}.tally(copies, &v)
		if v != want {
			t.Errorf("%d copies: %+v, want %+v", of, v, want)
		}
	}
}

// The witness in front of a member hides nothing of it from the group, and
// writes down what it answers.
func TestWitnessOfAMember(t *testing.T) {
	j := new(journal)
	tr, err := observe(group.Failover{
		Members: []transport.Destination{relp.Destination{Addr: "127.0.0.1:1"}, relp.Destination{Addr: "127.0.0.1:1"}},
	}, j).Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := tr.(transport.Prober).Probe(t.Context()); err == nil {
		t.Error("nobody listens, and Probe says nil")
	}
	if err := tr.Send(t.Context(), make([]encode.Record, 1)); err == nil {
		t.Error("nobody listens, and Send says nil")
	}
	if len(j.all) != 4 || j.all[0] != (answered{0, j.all[0].at, false, false}) || j.all[3] != (answered{1, j.all[3].at, false, true}) {
		t.Errorf("journal: %+v", j.all)
	}
	if _, err := (noted{memory.New(), 0, j}).Open(); !errors.Is(err, errNoProber) {
		t.Errorf("a member that cannot be probed: %v", err)
	}
}

// Nodes die and come back, one always lives, and at the end all do.
func TestDisturb(t *testing.T) {
	n := &nodes{rng: rand.New(rand.NewPCG(1, 2))}
	for range 3 {
		s, err := newServer(asleep(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.all = append(n.all, s)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		n.all[0].kill()
		if err := n.disturb(t.Context(), over); err != nil || n.up() != 3 {
			t.Errorf("%d nodes are alive, %v", n.up(), err)
		}
	}
	if err := n.stop(); err != nil || n.up() != 0 {
		t.Errorf("%d nodes are alive, %v", n.up(), err)
	}
}
