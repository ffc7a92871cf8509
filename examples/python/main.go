// Command python ships a service's records to a receiver for Python's logging:
// receiver.py here, or any other that takes what logging's SocketHandler sends.
//
//	python3 examples/python/receiver.py &
//	go run ./examples/python 127.0.0.1:9020
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

func main() {
	addr := "127.0.0.1:9020"
	if len(os.Args) > 1 {
		addr = os.Args[1]
	}
	dir, err := handler.StateDir("slogship-python")
	if err == nil {
		err = run(dir, destination(addr))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "python:", err)
		os.Exit(1)
	}
}

// destination is a logging server: a pickled dict a record, with its length in
// four bytes before it.
func destination(addr string) tcp.Destination {
	return tcp.Destination{Addr: addr, Encoder: encode.Pickle{}, Framing: tcp.Length32}
}

var errPayment = errors.New("payment refused")

// run logs what a shop would, and waits until the receiver has it. dir keeps what
// it does not take meanwhile.
func run(dir string, to transport.Destination) error {
	h, err := handler.New([]route.Route{{Name: "python", To: to}},
		&handler.Options{Dir: dir, Resource: encode.Resource{Service: "shop"}, AddSource: true})
	if err != nil {
		return err
	}
	log := slog.New(h)
	log.Info("100 % of it paid", "order", 1, slog.Group("customer", "id", "c7"))
	log.Error("order failed", "order", 2, "err", errPayment)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return h.Close(ctx) // what is left goes with the next start
}
