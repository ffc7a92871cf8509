package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	slogamqp "github.com/slogship/slogship/transport/amqp"
)

const (
	exchange = "logs"
	queue    = "logs.shop"
	// dead gets what the consumer rejects.
	dead = "logs.dead"
)

// destination declares all that it needs, each time it connects: RabbitMQ changes
// nothing if it is there already. Where somebody else owns the topology leave
// Declare out.
func destination(c config) slogamqp.Destination {
	return slogamqp.Destination{
		Addrs: c.addrs, Username: c.user, PasswordFile: c.passwordFile, AllowPlaintext: c.plaintext,
		Exchange: exchange, RoutingKey: "shop.rest",
		// Payments have a routing key of their own. What a record says chooses
		// among these names; it never becomes one.
		RoutingKeyAttr: "area", RoutingKeys: map[string]string{"payment": "shop.payment"},
		Headers: []string{"order"},
		Declare: &slogamqp.Topology{
			Exchanges: []slogamqp.Exchange{{Name: exchange, Kind: "topic"}},
			Queues: []slogamqp.Queue{
				// A full queue refuses (and slogship keeps the record) instead of
				// dropping its oldest messages, which were acknowledged.
				{Name: queue, Arguments: map[string]any{
					"x-max-length": 1_000_000, "x-overflow": "reject-publish",
					"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead,
				}},
				{Name: dead},
			},
			Bindings: []slogamqp.Binding{{Exchange: exchange, Queue: queue, Key: "shop.#"}},
		},
	}
}

// publish is the service. Its records are on disk when a log call returns, and in
// the queue once the broker has them on its own.
func publish(ctx context.Context, c config, out io.Writer) error {
	h, err := handler.New([]route.Route{{Name: "rabbitmq", To: destination(c)}}, &handler.Options{
		Dir: c.dir, Resource: encode.Resource{Service: "shop", Version: "1.0.0"},
	})
	if err != nil {
		return err
	}
	log := slog.New(h)
	for i := range c.orders {
		log.InfoContext(ctx, "order placed", "order", i)
		log.InfoContext(ctx, "order paid", "order", i, "area", "payment")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = h.Close(ctx)
	stats := h.Stats().Routes[0]
	fmt.Fprintf(out, "logged %d, delivered %d, left for the next start %d\n", stats.Logged, stats.Delivered, stats.Buffered)
	if _, ok := errors.AsType[*handler.UndeliveredError](err); ok {
		fmt.Fprintln(out, "the last error was:", stats.LastError)
		return nil // nothing is lost
	}
	return err
}
