// Command httpservice is two services that log their requests: a shop, and the
// stock that it asks. It starts both, orders a few things, ends by itself, and
// prints what a collector got:
//
//   - each request has an id and a W3C trace, which the shop passes on to the stock;
//   - one access record a request, and none for health checks;
//   - of the requests that go well, one in four traces is kept, whole, over both
//     services (Sample);
//   - of one that fails, everything: also what is below the level (DebugOnError);
//   - a panic is an ERROR with its stack, and the client gets a 500.
//
// Nothing is needed but Go:
//
//	go run ./examples/httpservice
//	go run ./examples/httpservice -to localhost:5170    # nc -lk 5170
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/tcp"
)

func main() {
	to := flag.String("to", "", `host:port of a collector that takes JSON lines; "": standard output`)
	flag.Parse()
	var dest transport.Destination = console.Destination{Writer: os.Stdout, Encoder: encode.Text{}}
	if *to != "" {
		dest = tcp.Destination{Addr: *to}
	}
	if err := run(os.Stdout, dest, 20); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// routes sends to one collector.
func routes(dest transport.Destination) []route.Route {
	return []route.Route{{
		Name:   "collector",
		To:     dest,
		Levels: route.AtLeast(slog.LevelInfo),
		// By trace, so that both services take or leave the same requests. ERROR is
		// always taken.
		Sample: route.Sample{Share: 0.25, ByTrace: true},
		// What a request has logged from DEBUG up is kept until it ends, and shipped
		// if it logs an ERROR.
		DebugOnError: route.DebugOnError{From: slog.LevelDebug},
	}}
}

// run starts the services, makes so many orders, of which one fails, and says
// what became of the records.
func run(w io.Writer, dest transport.Destination, orders int) error {
	opts := &handler.Options{
		InMemory: true, // a service that shall lose nothing has a Dir: see quickstart
		Trace:    httplog.Trace,
		Resource: encode.Resource{Service: "shop"},
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := handler.Validate(ctx, routes(dest), opts).Err(); err != nil {
		return err // before anything is started: a wrong address, a full disk
	}
	h, err := handler.New(routes(dest), opts)
	if err != nil {
		return err
	}
	defer handler.RedirectStdLog(h, slog.LevelInfo)() // what libraries print
	failed, err := trade(ctx, h, orders)
	if err != nil {
		return err
	}
	if err := h.Close(ctx); err != nil {
		return err
	}
	stats := h.Stats().Routes[0]
	fmt.Fprintf(w, "\n%d orders, %d failed; %d records logged, %d delivered, %d left out by sampling\n",
		orders, failed, stats.Logged, stats.Delivered, stats.Dropped.Total())
	return nil
}
