// Command wrap keeps the logger that a service has and adds a route to it: what
// was printed is printed as before, and also shipped.
//
//	nc -lk 6000 &
//	go run ./examples/wrap localhost:6000
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

func main() {
	addr := "localhost:6000"
	if len(os.Args) > 1 {
		addr = os.Args[1]
	}
	existing := slog.New(slog.NewTextHandler(os.Stdout, nil))

	dir, err := handler.StateDir("slogship-wrap")
	if err != nil {
		existing.Error("no place for the buffer", "err", err)
		os.Exit(1)
	}
	log, h, err := wrap(existing, dir, tcp.Destination{Addr: addr})
	if err != nil {
		existing.Error("logs are not shipped", "err", err)
		os.Exit(1)
	}
	log.Info("order paid", "order", 42)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		existing.Warn("the next start ships the rest", "err", err)
	}
}

// wrap returns a logger that does what existing does and ships to the
// destination besides. The handler is to be closed at the end.
func wrap(existing *slog.Logger, dir string, to transport.Destination) (*slog.Logger, *handler.Handler, error) {
	h, err := handler.New(
		[]route.Route{{Name: "ship", To: to, Levels: route.AtLeast(slog.LevelInfo)}},
		&handler.Options{Dir: dir, Next: existing.Handler()},
	)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(h), h, nil
}
