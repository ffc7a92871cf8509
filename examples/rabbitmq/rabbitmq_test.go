package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// answers is the broker's end of a delivery.
type answers struct{ said []string }

func (a *answers) Ack(tag uint64, _ bool) error { return a.say("ack", tag) }
func (a *answers) Nack(tag uint64, _, requeue bool) error {
	return a.say(fmt.Sprint("nack requeue ", requeue), tag)
}
func (a *answers) Reject(tag uint64, _ bool) error { return a.say("reject", tag) }
func (a *answers) say(what string, tag uint64) error {
	a.said = append(a.said, fmt.Sprintf("%s %d", what, tag))
	return nil
}

func TestTake(t *testing.T) {
	var out bytes.Buffer
	a, r := &answers{}, &reader{out: &out}
	for i, d := range []amqp091.Delivery{
		{MessageId: "a", Body: []byte(`{"time":"T","level":"INFO","msg":"order placed","order":7}`), RoutingKey: "shop.rest"},
		{MessageId: "a", Body: []byte(`{"msg":"order placed","order":7}`)},
		{MessageId: "", Body: []byte(`{}`)},
		{MessageId: "c", Body: []byte(`not JSON`)},
		{MessageId: "b", Body: []byte(`{"time":"T","level":"INFO","msg":"order paid","order":7}`), RoutingKey: "shop.payment"},
	} {
		d.Acknowledger, d.DeliveryTag = a, uint64(i)
		if err := r.take(&d); err != nil {
			t.Fatal(err)
		}
	}
	if want := "T shop.rest INFO order placed order 7\nT shop.payment INFO order paid order 7\n"; out.String() != want {
		t.Errorf("printed %q", out.String())
	}
	if said := strings.Join(a.said, ", "); said != "ack 0, ack 1, nack requeue false 2, nack requeue false 3, ack 4" {
		t.Errorf("answered: %s", said)
	}
	if r.records != 2 || r.copies != 1 || r.rejected != 2 {
		t.Errorf("%+v", r)
	}
}

// Work that failed is not acknowledged, and not taken for done when it comes again.
func TestTakeFails(t *testing.T) {
	a := &answers{}
	d := amqp091.Delivery{MessageId: "a", Body: []byte(`{}`), Acknowledger: a}
	r := &reader{out: broken{}}
	if err := r.take(&d); !errors.Is(err, io.ErrClosedPipe) || len(a.said) > 0 || r.seen.has("a") {
		t.Errorf("%v, answered %q", err, a.said)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSeenIsBounded(t *testing.T) {
	var s seen
	for i := range seenMost + 10 {
		s.add(fmt.Sprint(i))
	}
	if len(s.known) != seenMost || len(s.ring) != seenMost || s.has("9") || !s.has("10") {
		t.Errorf("%d known, %d in the ring", len(s.known), len(s.ring))
	}
}

// Without a broker nothing is lost: it is said what is wrong, and kept.
func TestPublishWithoutABroker(t *testing.T) {
	var out bytes.Buffer
	args := []string{"publish", "-addrs", "127.0.0.1:1", "-orders", "3", "-dir", t.TempDir()}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "logged 6, delivered 0, left for the next start 6\n") {
		t.Errorf("it says %q", out.String())
	}
}

func TestDestination(t *testing.T) {
	tr, err := destination(config{addrs: []string{"localhost:5672"}}).Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{nil, {"fly"}, {"publish", "-none"}} {
		if err := run(context.Background(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
