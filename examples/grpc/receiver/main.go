// Command receiver takes records over gRPC and appends them to a file, a line of
// JSON each. It answers a batch when the kernel has it.
//
//	go run ./examples/grpc/receiver received.ndjson
//	go run ./examples/grpc/sender
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/slogship/slogship/encode"
	sloggrpc "github.com/slogship/slogship/transport/grpc" // not google.golang.org/grpc
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("want the name of a file")
	}
	out, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	l, err := net.Listen("tcp", "127.0.0.1:4400")
	if err != nil {
		return err
	}
	return serve(ctx, l, out)
}

// serve takes records until ctx is done, and then lets the batch under way end.
func serve(ctx context.Context, l net.Listener, out io.Writer) error {
	w := &writer{out: out}
	// On a network, set TLS: with ClientAuth and ClientCAs it is mTLS.
	r, err := sloggrpc.NewReceiver(w.take, &sloggrpc.ReceiverOptions{
		OnError: func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- r.Stop(within)
	}()
	if err := r.Serve(l); !errors.Is(err, sloggrpc.ErrStopped) {
		return err
	}
	return <-stopped
}

// writer is the callback, which is called concurrently for several senders.
type writer struct {
	mu  sync.Mutex
	out io.Writer // guarded by mu
	buf []byte    // guarded by mu
}

// take has the whole batch written before it returns nil, which is what the sender
// forgets its records for. Sync the file as well if they have to outlive the machine.
func (w *writer) take(_ context.Context, recs []encode.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = w.buf[:0]
	for i := range recs {
		var err error
		if w.buf, err = (encode.JSONLines{}).AppendRecord(w.buf, &recs[i]); err != nil {
			return err
		}
		w.buf = append(w.buf, '\n')
	}
	_, err := w.out.Write(w.buf)
	return err
}
