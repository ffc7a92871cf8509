package elasticsearch

// This file is inside the package: whose turn it is, and when a node is left out,
// is nobody else's business, and the times are long.

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// cluster is nodes without clients, at a time that the test moves.
type cluster struct {
	nodes
	now time.Time
}

func newCluster(size int) *cluster {
	c := &cluster{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	for range size {
		c.all = append(c.all, &node{})
	}
	return c
}

// turns returns which nodes are picked in the next n Sends.
func (c *cluster) turns(n int) (picked []int) {
	for range n {
		picked = append(picked, slices.Index(c.all, c.pick(c.now)))
	}
	return picked
}

func (c *cluster) fail(i int) { c.failed(c.all[i], c.now) }

func (c *cluster) want(t *testing.T, what string, want ...int) {
	t.Helper()
	if got := c.turns(len(want)); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestNodesTakeTurns(t *testing.T) {
	c := newCluster(3)
	c.want(t, "all well", 0, 1, 2, 0, 1, 2, 0)
	c.fail(2)
	c.want(t, "2 failed", 1, 0, 1, 0, 1)
	c.now = c.now.Add(leftFirst - 1)
	c.want(t, "not yet", 0, 1)
	c.now = c.now.Add(1)
	c.want(t, "its trial, and no second one beside it", 2, 0, 1, 0, 1, 0, 1)
	c.worked(c.all[2])
	c.want(t, "it worked", 2, 0, 1, 2)
}

// TestNodesLeftOutLonger: each trial that fails doubles the time, to a bound.
func TestNodesLeftOutLonger(t *testing.T) {
	c := newCluster(2)
	for failures := 1; failures <= 70; failures++ {
		c.fail(1)
		left := leftOut(failures)
		if want := min(leftFirst*time.Duration(1<<min(failures-1, 20)), leftMost); left != want {
			t.Fatalf("%d failures: left out for %v, want %v", failures, left, want)
		}
		c.now = c.now.Add(left - 1)
		if c.pick(c.now) != c.all[0] {
			t.Fatalf("%d failures: it was asked before its time", failures)
		}
		c.now = c.now.Add(1)
		if failures%2 == 0 { // the other one's turn may be first
			c.pick(c.now)
		}
	}
}

// TestNodesAllGone: with all of them gone there is no waiting here, and they still
// take turns: the one that was left out first is tried first.
func TestNodesAllGone(t *testing.T) {
	c := newCluster(3)
	for _, i := range []int{1, 2, 0} {
		c.fail(i)
		c.now = c.now.Add(time.Second)
	}
	for round := range 3 {
		for _, want := range []int{1, 2, 0} {
			got := c.pick(c.now)
			if got != c.all[want] {
				t.Fatalf("round %d: node %d was picked, want %d", round, slices.Index(c.all, got), want)
			}
			c.now = c.now.Add(time.Second)
			c.failed(got, c.now)
		}
	}
	single := newCluster(1)
	for range 5 {
		single.want(t, "a single node", 0)
		single.fail(0)
	}
}

// TestNodesNotAsked: a Send that ends before it asks says nothing about a node,
// neither well nor ill.
func TestNodesNotAsked(t *testing.T) {
	secret := errors.New("the secret is not there")
	tr, err := Destination{
		URLs:      []string{"https://127.0.0.1:1"},
		Authorize: func(context.Context) (string, error) { return "", secret },
	}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	s := tr.(*sender)
	for _, failures := range []int{0, 3} {
		s.nodes.all[0].failures = failures
		if err := s.Send(t.Context(), make([]encode.Record, 1)); !errors.Is(err, secret) {
			t.Errorf("Send = %v", err)
		}
		if got := s.nodes.all[0].failures; got != failures {
			t.Errorf("%d failures, want %d", got, failures)
		}
	}
}
