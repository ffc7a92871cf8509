package handler_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// network is several acknowledged destinations, and what has arrived at them.
type network struct {
	t *testing.T

	mu     sync.Mutex                // guards the fields below
	got    map[string]map[string]int // by destination and message, how often
	opened map[string]int            // transports by destination
	closed map[string]int
	down   map[string]bool
}

func newNetwork(t *testing.T) *network {
	return &network{
		t: t, got: make(map[string]map[string]int), opened: make(map[string]int), closed: make(map[string]int), down: make(map[string]bool),
	}
}

// to is a destination in the network, as plain data.
func (n *network) to(name string) place { return place{network: n, name: name} }

type place struct {
	network  *network
	name     string
	inFlight int
	takes    time.Duration // a Send
	broken   bool          // Open is an error
	buffered bool          // not for Direct
}

var errBroken = errors.New("broken")

func (p place) Open() (transport.Transport, error) {
	if p.broken {
		return nil, errBroken
	}
	p.network.count(p.network.opened, p.name)
	return &link{place: p}, nil
}

func (n *network) count(m map[string]int, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m[name]++
}

func (n *network) setDown(name string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[name] = down
}

// arrived returns what has arrived at the destinations together.
func (n *network) arrived(names ...string) map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make(map[string]int)
	for _, name := range names {
		for message, times := range n.got[name] {
			all[message] += times
		}
	}
	return all
}

// links returns how many transports to the destination were opened and closed.
func (n *network) links(name string) (opened, closed int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.opened[name], n.closed[name]
}

// link is one open transport. It knows when its caller breaks the contract.
type link struct {
	place
	sending atomic.Int32
	closed  atomic.Bool
}

func (l *link) Describe() transport.Description {
	return transport.Description{Acknowledged: true, MaxInFlight: l.inFlight, Direct: !l.buffered}
}

func (l *link) Send(ctx context.Context, recs []encode.Record) error {
	l.sending.Add(1)
	defer l.sending.Add(-1)
	if l.closed.Load() {
		l.network.t.Errorf("%s: Send after Close", l.name)
		return transport.ErrClosed
	}
	if l.takes > 0 {
		select {
		case <-time.After(l.takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	n := l.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down[l.name] {
		return errors.New("down")
	}
	if n.got[l.name] == nil {
		n.got[l.name] = make(map[string]int)
	}
	for i := range recs {
		if recs[i].Message == "poison" {
			return transport.Permanent(errors.New("poison"))
		}
		n.got[l.name][strings.Clone(recs[i].Message)]++
	}
	return nil
}

func (l *link) Close() error {
	if l.closed.Swap(true) {
		l.network.t.Errorf("%s: Close after Close", l.name)
	}
	if l.sending.Load() > 0 {
		l.network.t.Errorf("%s: Close during a Send", l.name)
	}
	l.network.count(l.network.closed, l.name)
	return nil
}
