package deliver

import (
	"context"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// maxChaosRecords is the most that a chaos's transport takes in one Send.
const maxChaosRecords = 20

// connection is one of the transports that lead to a chaos's destination, one
// after the other. It knows when the worker breaks the contract.
type connection struct {
	c      *chaos
	desc   transport.Description
	closed atomic.Bool
	left   atomic.Int64 // held after Close
}

// open makes the next transport to the destination, with limits of its own.
func (c *chaos) open() transport.Transport {
	t := &connection{c: c, desc: transport.Description{MaxRecords: 1 + c.rnd.IntN(maxChaosRecords), MaxInFlight: 1 + c.rnd.IntN(4)}}
	if c.holds {
		t.desc.MaxInFlight = 1
	}
	c.flights = max(c.flights, t.desc.MaxInFlight)
	if c.holds {
		return holdingConnection{t}
	}
	return t
}

// replace makes the worker go on over another connection, or over the same one
// with other options.
func (c *chaos) replace() {
	o := c.rig.opts
	if o.Transport = nil; c.rnd.IntN(3) > 0 {
		o.Transport = c.open()
	}
	o.MaxRecords = c.rnd.IntN(10)
	c.rig.worker.Replace(&o)
}

func (t *connection) Describe() transport.Description { return t.desc }

func (t *connection) Send(ctx context.Context, recs []encode.Record) error {
	if t.closed.Load() {
		t.c.t.Error("Send after Close")
	}
	if len(recs) > t.desc.MaxRecords {
		t.c.t.Errorf("a Send of %d records, the transport takes %d", len(recs), t.desc.MaxRecords)
	}
	return t.c.fake.Send(ctx, recs)
}

// Close loses what the peer has not read, and knows it.
func (t *connection) Close() error {
	if t.closed.Swap(true) {
		t.c.t.Error("Close after Close")
	}
	t.c.fake.do(func() {
		if t.c.fake.running > 0 {
			t.c.t.Error("Close during a Send")
		}
		t.left.Store(int64(t.c.fake.unread))
		t.c.window += t.c.fake.unread
		t.c.fake.unread = 0
	})
	return nil
}

// holdingConnection is one without acknowledgements.
type holdingConnection struct{ *connection }

func (t holdingConnection) Held() int {
	if t.closed.Load() {
		return int(t.left.Load())
	}
	return t.c.fake.Held()
}
