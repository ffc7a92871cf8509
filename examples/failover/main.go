// Command failover sends a service's log to the first of three collectors that
// works, kills the one that it prefers, and brings it back.
//
//	go run ./examples/failover
//
// All of it runs in this process: the service, and three collectors that speak
// gRPC on loopback. The last line counts what they got. In a real service only
// the function destination is needed, and its members may be of any kind: the
// next data centre over HTTPS, and a file if all else fails.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/grpc"
)

func main() {
	if err := run(context.Background(), os.Stdout, 2*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "failover:", err)
		os.Exit(1)
	}
}

// destination is the group. stable would be some 15 s, the default, in a service:
// how long the preferred collector has to work before it is trusted again.
func destination(nodes []*node, stable time.Duration) transport.Destination {
	d := group.Failover{HeartbeatInterval: stable / 10, StableAfter: stable}
	for _, n := range nodes {
		d.Members = append(d.Members, grpc.Destination{Addr: n.addr})
		d.Names = append(d.Names, n.name)
	}
	return d
}

// run plays the scenario. Everything that happens to the nodes happens a step
// apart.
func run(ctx context.Context, out io.Writer, step time.Duration) error {
	got := newLedger()
	nodes, err := startNodes(got, "near", "next", "far")
	if err != nil {
		return err
	}
	defer stopNodes(nodes)
	dir, err := os.MkdirTemp("", "slogship-failover")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := handler.New(
		[]route.Route{{Name: "log", To: destination(nodes, step/2)}},
		&handler.Options{Dir: dir, OnError: func(error) {}}) // no collector fails for long here
	if err != nil {
		return err
	}
	s := &service{log: slog.New(h), every: 2 * time.Millisecond}
	w := &watch{out: out, handler: h, began: time.Now()}
	s.start()
	w.start()
	err = scenario(ctx, w, nodes, step)
	s.stop()
	w.stop()
	closing, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := errors.Join(err, h.Close(closing)); err != nil {
		return err
	}
	return report(out, got, nodes, s.logged, h.Stats().Routes[0].Members)
}

func scenario(ctx context.Context, w *watch, nodes []*node, step time.Duration) error {
	near, next := nodes[0], nodes[1]
	for _, do := range []func() error{
		func() error { return nil },
		func() error { return w.kill(near) },
		func() error { return w.kill(next) },
		func() error { return w.revive(near) },
		func() error { return w.revive(next) },
	} {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-time.After(step):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// errLost: the example would be a lie.
var errLost = errors.New("records are missing")

// report counts what arrived, and compares it with what was logged.
func report(out io.Writer, got *ledger, nodes []*node, logged int, states []transport.MemberState) error {
	records, copies := got.count()
	for i, s := range states {
		fmt.Fprintf(out, "%-5s took %5d records, was switched to %d times, failed %d times\n", nodes[i].name, s.Sent, s.Switches, s.Failures)
	}
	lost := logged - records
	fmt.Fprintf(out, "logged %d, arrived %d, duplicates %d, lost %d\n", logged, records, copies-records, lost)
	if lost != 0 {
		return errLost
	}
	return nil
}
