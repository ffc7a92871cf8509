// Command loki ships a service's records to Grafana Loki: labels for the service
// and its host, all else as structured metadata. README.md has a server's
// configuration and the queries that find the records again.
//
//	go run ./examples/loki http://127.0.0.1:3100
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
	"github.com/slogship/slogship/transport/loki"
)

func main() {
	url := "http://127.0.0.1:3100"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	dir, err := handler.StateDir("slogship-loki")
	if err == nil {
		err = run(dir, destination(url))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loki:", err)
		os.Exit(1)
	}
}

// destination is a Loki on the same machine. In a network it is https://, with
// PasswordFile or TokenFile, and Tenant where Loki has several.
func destination(url string) loki.Destination {
	return loki.Destination{
		URL: url, AllowPlaintext: true,
		Labels: map[string]string{"cluster": "eu1"},
	}
}

var errPayment = errors.New("payment refused")

// run logs what a shop would, and waits until Loki has it. dir keeps what Loki
// does not take meanwhile.
func run(dir string, to transport.Destination) error {
	h, err := handler.New([]route.Route{{
		Name: "loki", To: to,
		// Loki refuses what is older than a week (reject_old_samples_max_age).
		// After an outage as long as that, records go to the dead letter before
		// they would be refused one by one.
		MaxAge: 6 * 24 * time.Hour, OnStale: route.DeadLetter,
	}}, &handler.Options{Dir: dir, Resource: encode.Resource{Service: "shop", Environment: "test"}})
	if err != nil {
		return err
	}
	log := slog.New(h)
	for order := range 40 {
		log.Info("order paid", "order", order, "took", time.Duration(order)*25*time.Millisecond,
			slog.Group("customer", "id", fmt.Sprintf("c%d", order%3)))
	}
	log.Error("order failed", "order", 40, "err", errPayment)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return h.Close(ctx) // what is left goes with the next start
}
