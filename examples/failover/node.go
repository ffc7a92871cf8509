package main

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/grpc"
)

// ledger has what all collectors together got.
type ledger struct {
	mu     sync.Mutex
	copies map[encode.ID]int // guarded by mu
}

func newLedger() *ledger { return &ledger{copies: make(map[encode.ID]int)} }

func (l *ledger) take(_ context.Context, recs []encode.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range recs {
		l.copies[recs[i].ID]++
	}
	return nil
}

func (l *ledger) count() (records, copies int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.copies {
		copies += n
	}
	return len(l.copies), copies
}

// node is a collector that can be killed and started again at its address.
type node struct {
	name, addr string
	got        *ledger
	receiver   *grpc.Receiver // nil while it is dead
	ended      chan error     // what Serve returned
}

func startNodes(got *ledger, names ...string) ([]*node, error) {
	var nodes []*node
	for _, name := range names {
		n := &node{name: name, addr: "127.0.0.1:0", got: got}
		if err := n.start(); err != nil {
			stopNodes(nodes)
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func stopNodes(nodes []*node) {
	for _, n := range nodes {
		if n.receiver != nil {
			n.kill()
		}
	}
}

func (n *node) start() error {
	l, err := net.Listen("tcp", n.addr)
	if err != nil {
		return err
	}
	n.addr = l.Addr().String()
	if n.receiver, err = grpc.NewReceiver(n.got.take, nil); err != nil {
		l.Close()
		return err
	}
	n.ended = make(chan error, 1)
	go func(r *grpc.Receiver) { n.ended <- r.Serve(l) }(n.receiver) // kill waits for it
	return nil
}

var errKilled = errors.New("killed")

// kill cuts all connections: with a ctx that is over, Stop waits for nobody.
func (n *node) kill() {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errKilled)
	_ = n.receiver.Stop(ctx) // errKilled
	<-n.ended
	n.receiver = nil
}
