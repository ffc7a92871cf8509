package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	slogkafka "github.com/slogship/slogship/transport/kafka"
)

// bulkMost is how many messages one bulk request holds.
const bulkMost = 500

// consumer reads as one of a group: each partition is one member's at a time.
// The client is another one than the transport's, to show that any will do.
type consumer struct {
	client  *kgo.Client
	sink    func(ctx context.Context, body []byte) error
	seen    map[int32]*seen // by partition
	idle    time.Duration
	written int // documents
	dropped int // copies
}

// consume takes the topic to the sink until ctx ends, or nothing comes any more.
func consume(ctx context.Context, c config, out io.Writer) error {
	sink := func(_ context.Context, body []byte) error {
		_, err := out.Write(body)
		return err
	}
	if c.bulk != "" {
		sink = bulkTo(c.bulk)
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(c.brokers...), kgo.ConsumerGroup(c.group), kgo.ConsumeTopics(c.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), // no partition is taken away between poll and commit
	)
	if err != nil {
		return err
	}
	k := consumer{client: client, sink: sink, seen: map[int32]*seen{}, idle: c.idle}
	err = k.run(ctx)
	client.CloseAllowingRebalance()
	fmt.Fprintf(os.Stderr, "%d documents, %d copies dropped\n", k.written, k.dropped)
	return err
}

// run commits what the sink has taken, and only that. What was taken and not yet
// committed when this process dies comes again, to whoever gets the partition.
func (k *consumer) run(ctx context.Context) error {
	for {
		messages, err := k.poll(ctx)
		if err != nil || len(messages) == 0 {
			return err
		}
		if body := k.body(messages); len(body) > 0 {
			if err := k.sink(ctx, body); err != nil {
				return err
			}
		}
		if err := k.client.CommitRecords(ctx, messages...); err != nil {
			return err
		}
		k.client.AllowRebalance()
	}
}

// poll waits for messages. None at all: the end.
func (k *consumer) poll(ctx context.Context) ([]*kgo.Record, error) {
	if k.idle > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, k.idle)
		defer cancel()
	}
	fetches := k.client.PollRecords(ctx, bulkMost)
	if ctx.Err() != nil {
		return fetches.Records(), nil
	}
	var errs []error
	fetches.EachError(func(topic string, partition int32, err error) {
		errs = append(errs, fmt.Errorf("%s/%d: %w", topic, partition, err))
	})
	return fetches.Records(), errors.Join(errs...)
}

// body makes a bulk request of the messages that are no copies: the record's id
// becomes the document's, so that Elasticsearch refuses the copies that this
// window cannot know.
func (k *consumer) body(messages []*kgo.Record) []byte {
	var b bytes.Buffer
	for _, m := range messages {
		id := header(m, slogkafka.HeaderID)
		window := k.seen[m.Partition]
		if window == nil {
			window = &seen{}
			k.seen[m.Partition] = window
		}
		if !window.add(id) {
			k.dropped++
			continue
		}
		fmt.Fprintf(&b, "{\"create\":{\"_index\":\"logs-shop-default\",\"_id\":%q}}\n%s\n", id, m.Value)
		k.written++
	}
	return b.Bytes()
}

func header(m *kgo.Record, name string) string {
	for _, h := range m.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
