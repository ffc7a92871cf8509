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
	slogkafka "github.com/slogship/slogship/transport/kafka"
)

// destination keys by order and hashes: an order's records are in one partition,
// in order. The values are what Elasticsearch will store.
func (c config) destination() slogkafka.Destination {
	return slogkafka.Destination{
		Brokers:      c.brokers,
		Topic:        c.topic,
		Encoder:      encode.ECS{},
		KeyAttr:      "order",
		Balancer:     slogkafka.Hash,
		Compression:  slogkafka.Zstd,
		CreateTopics: &slogkafka.NewTopic{Partitions: 3, Configs: map[string]string{"retention.ms": "86400000"}},
		// In production: TLS: &tlsconfig.Options{}, SASL: &slogkafka.SASL{…}
	}
}

// produce is a service that logs a little.
func produce(ctx context.Context, c config, out io.Writer) error {
	h, err := handler.New([]route.Route{{Name: "kafka", To: c.destination()}}, &handler.Options{
		Dir:      c.dir,
		Resource: encode.Resource{Service: "shop", Version: "1.4.2", Environment: "production"},
	})
	if err != nil {
		return err
	}
	log := slog.New(h)
	for order := range c.orders {
		log.InfoContext(ctx, "order placed", "order", order, "total", 4200+order)
		log.InfoContext(ctx, "order paid", "order", order, "took", 150*time.Millisecond)
		log.InfoContext(ctx, "order shipped", "order", order)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err = h.Flush(ctx)
	for _, r := range h.Stats().Routes {
		fmt.Fprintf(out, "%d delivered, %d refused, %d kept for the next start\n", r.Delivered, r.Dead, r.Buffered)
	}
	// Close says again what Flush did not reach.
	return errors.Join(err, h.Close(ctx))
}
