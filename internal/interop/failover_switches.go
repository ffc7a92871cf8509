package main

import (
	"context"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// answered is the end of a Send or Probe of one node.
type answered struct {
	node int
	at   time.Time
	ok   bool
	sent bool // a Send
}

// journal has what the nodes of a group answered, in that order.
type journal struct {
	mu  sync.Mutex
	all []answered // guarded by mu
}

func (j *journal) note(node int, err error, sent bool) {
	// A BatchError is an answer about records.
	ok := err == nil || transport.Classify(err, 0).Permanent
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, answered{node, time.Now(), ok, sent})
}

// switches are what a journal says of a Failover.
type switches struct {
	over, back int           // to another node after a failure, and back to one of more preference
	longest    time.Duration // from the failure that was noticed to the next batch that a node took
}

// count goes through the journal. A switch-over begins with the first failure of
// the node in use after its last success, and ends when a node has taken a batch.
// A failure of a Probe that a Close or a Send cut off is not in it: the group
// does not take it for one either.
func (j *journal) count() (s switches) {
	j.mu.Lock()
	defer j.mu.Unlock()
	inUse := 0
	var noticed time.Time // zero: the node in use has not failed
	for _, a := range j.all {
		switch {
		case a.node == inUse && !a.ok:
			if noticed.IsZero() {
				noticed = a.at
			}
		case !a.ok || !a.sent:
		case a.node == inUse:
			noticed = time.Time{}
		default:
			if a.node < inUse {
				s.back++
			} else {
				s.over++
			}
			if !noticed.IsZero() {
				s.longest = max(s.longest, a.at.Sub(noticed))
			}
			inUse, noticed = a.node, time.Time{}
		}
	}
	return s
}

// observe puts a witness in front of each member of a group.
func observe(d transport.Destination, to *journal) transport.Destination {
	switch d := d.(type) {
	case group.Failover:
		d.Members = witnesses(d.Members, to)
		return d
	case group.Quorum:
		d.Members = witnesses(d.Members, to)
		return d
	default:
		return d
	}
}

func witnesses(members []transport.Destination, to *journal) []transport.Destination {
	var all []transport.Destination
	for i, d := range members {
		all = append(all, noted{d, i, to})
	}
	return all
}

// noted is a Destination whose transport writes a journal. It keeps the optional
// abilities of what it is in front of; all members here can be probed.
type noted struct {
	transport.Destination
	node int
	to   *journal
}

func (d noted) Open() (transport.Transport, error) {
	inner, err := d.Destination.Open()
	if err != nil {
		return nil, err
	}
	prober, ok := inner.(transport.Prober)
	if !ok {
		return nil, errNoProber
	}
	n := &noting{inner, prober, d}
	if holder, ok := inner.(transport.Holder); ok {
		return struct {
			*noting
			transport.Holder
		}{n, holder}, nil
	}
	return n, nil
}

type noting struct {
	transport.Transport
	prober transport.Prober
	noted  noted
}

func (n *noting) Send(ctx context.Context, recs []encode.Record) error {
	err := n.Transport.Send(ctx, recs)
	n.noted.to.note(n.noted.node, err, true)
	return err
}

func (n *noting) Probe(ctx context.Context) error {
	err := n.prober.Probe(ctx)
	n.noted.to.note(n.noted.node, err, false)
	return err
}
