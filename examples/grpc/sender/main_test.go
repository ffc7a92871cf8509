package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	sloggrpc "github.com/slogship/slogship/transport/grpc"
)

// What was logged while nobody received is there after the next start, with the
// attributes' types.
func TestSender(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := free.Addr().String(), t.TempDir()
	free.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(gone, dir, addr, 0); err != nil {
		t.Error(err)
	}
	if _, undelivered := errors.AsType[*handler.UndeliveredError](run(t.Context(), dir, addr, 10)); !undelivered {
		t.Error("nobody received, and nothing is left")
	}
	var mu sync.Mutex
	var totals []float64 // guarded by mu
	r, err := sloggrpc.NewReceiver(func(_ context.Context, recs []encode.Record) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range recs {
			totals = append(totals, recs[i].Attrs[1].Value.Float64())
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skip("somebody else has the port by now")
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = r.Serve(l) }()
	if err := run(t.Context(), dir, addr, 10); err != nil {
		t.Error(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	<-served
	mu.Lock()
	defer mu.Unlock()
	if len(totals) != 20 || totals[0] != 19.99 {
		t.Errorf("%d records came: %v", len(totals), totals)
	}
}
