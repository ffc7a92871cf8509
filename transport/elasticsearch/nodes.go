package elasticsearch

import (
	"sync"
	"time"

	"github.com/slogship/slogship/internal/httppost"
)

// How long a node is left out after its first failure, and at most: it doubles
// with each trial that fails.
const (
	leftFirst = 10 * time.Second
	leftMost  = 5 * time.Minute
)

// nodes are the cluster as we know it. A Send that fails is not tried with the
// next node at once: that is the worker's, which waits first. So an outage of
// the whole cluster costs one request a backoff, and not one a node.
type nodes struct {
	mu   sync.Mutex
	all  []*node // the slice does not change
	next int     // guarded by mu; whose turn it is
}

// node is one of them. client does not change.
type node struct {
	client   *httppost.Client
	failures int       // guarded by nodes.mu; one after the other
	until    time.Time // guarded by nodes.mu; left out before then, if failures is not 0
}

// pick returns the node whose turn it is, passing over those that are left out.
// If all are, it is the one whose time is up first: a single node, or a cluster
// that is gone as a whole, is not waited for beyond the worker's backoff.
//
// A node that gets its trial is left out for as long again, so that of several
// Sends at a time one alone bears the risk.
func (n *nodes) pick(now time.Time) *node {
	n.mu.Lock()
	defer n.mu.Unlock()
	var best *node
	at := 0
	for i := range n.all {
		j := (n.next + i) % len(n.all)
		candidate := n.all[j]
		if candidate.failures == 0 || !now.Before(candidate.until) {
			best, at = candidate, j
			break
		}
		if best == nil || candidate.until.Before(best.until) {
			best, at = candidate, j
		}
	}
	n.next = (at + 1) % len(n.all)
	if best.failures > 0 {
		best.until = now.Add(leftOut(best.failures))
	}
	return best
}

// worked and failed say how a request to a node went.
func (n *nodes) worked(of *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	of.failures = 0
}

func (n *nodes) failed(of *node, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	of.failures++
	of.until = now.Add(leftOut(of.failures))
}

// leftOut is how long a node is left out after so many failures.
func leftOut(failures int) time.Duration {
	if failures > 10 {
		return leftMost // the shift would overflow in the end
	}
	return min(leftFirst<<(failures-1), leftMost)
}

// close closes all connections.
func (n *nodes) close() {
	for _, of := range n.all {
		of.client.Close()
	}
}
