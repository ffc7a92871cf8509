package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// prefetch is how many messages the broker sends ahead of their acknowledgement.
const prefetch = 200

var errGone = errors.New("the broker ended the connection")

// consume takes the queue's records until ctx ends. It connects to the first
// address alone: what a consumer does when that breaks is its supervisor's matter.
func consume(ctx context.Context, c config, out io.Writer) error {
	conn, err := dial(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := ch.Qos(prefetch, 0, false); err != nil {
		return err
	}
	deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	reader := &reader{out: out}
	defer func() {
		fmt.Fprintf(out, "%d records, %d copies dropped, %d rejected\n", reader.records, reader.copies, reader.rejected)
	}()
	for c.most == 0 || reader.records < c.most {
		select {
		case d, more := <-deliveries:
			if !more {
				return errGone
			}
			if err := reader.take(&d); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func dial(c config) (*amqp091.Connection, error) {
	at := url.URL{Scheme: "amqp", Host: c.addrs[0], Path: "/"}
	if c.user != "" {
		password, err := os.ReadFile(c.passwordFile)
		if err != nil {
			return nil, err
		}
		at.User = url.UserPassword(c.user, strings.TrimSpace(string(password)))
		if !c.plaintext {
			at.Scheme = "amqps"
		}
	}
	return amqp091.Dial(at.String())
}

// reader does something with each record once. It belongs to the goroutine that
// reads.
type reader struct {
	out                       io.Writer
	seen                      seen
	records, copies, rejected int
}

// take does a record's work and then acknowledges its message, in this order: who
// dies in between gets it again. A copy is acknowledged and nothing else; what is
// no record is rejected, and goes where the queue says (x-dead-letter-exchange).
func (r *reader) take(d *amqp091.Delivery) error {
	var record struct {
		Time, Level, Msg string
		Order            int
	}
	if d.MessageId == "" || json.Unmarshal(d.Body, &record) != nil {
		r.rejected++
		return d.Nack(false, false)
	}
	if r.seen.has(d.MessageId) {
		r.copies++
		return d.Ack(false)
	}
	if _, err := fmt.Fprintf(r.out, "%s %s %s %s order %d\n", record.Time, d.RoutingKey, record.Level, record.Msg, record.Order); err != nil {
		return err // not acknowledged, and not seen
	}
	r.seen.add(d.MessageId)
	r.records++
	return d.Ack(false)
}
