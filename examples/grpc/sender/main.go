// Command sender logs over gRPC. Kill the receiver, or this program, and start them
// again: nothing is missing, and nothing is twice in a receiver that has not been
// restarted.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	sloggrpc "github.com/slogship/slogship/transport/grpc" // not google.golang.org/grpc
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := handler.StateDir("slogship-example-grpc")
	if err == nil {
		err = run(ctx, dir, "127.0.0.1:4400", 100)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sender:", err)
		os.Exit(1)
	}
}

// run logs n orders and returns when the receiver has them, or after five seconds
// with an error that says how many are left for the next start.
func run(ctx context.Context, dir, addr string, n int) error {
	// On a network, set TLS: &tlsconfig.Options{CAFile: …, CertFile: …, KeyFile: …}, and a
	// TokenFile if the receiver asks for one.
	h, err := handler.New([]route.Route{{Name: "collector", To: sloggrpc.Destination{Addr: addr}}},
		&handler.Options{Dir: dir, Resource: encode.Resource{Service: "shop", Version: "1.4.0"}})
	if err != nil {
		return err
	}
	logger := slog.New(h)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		logger.Info("order placed", "id", i, "total", 19.99, "items", []string{"book", "pen"})
	}
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return h.Close(done)
}
