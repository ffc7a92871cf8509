package all

import (
	"net/url"
	"slices"

	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/kafka"
)

// The usual ports: RabbitMQ's URI specification, and Kafka's quick start, which
// names one for its listeners with and without TLS.
const (
	portAMQP  = "5672"
	portAMQPS = "5671"
	portKafka = "9092"
)

// amqpURL reads RabbitMQ's URIs: amqp://user:password@host:port/vhost. An empty
// path after the slash is the default vhost "/" and not the one whose name is
// empty, as the specification has it: nobody who writes a slash means that one.
func amqpURL(d *amqp.Destination, u *url.URL) error {
	port := portAMQP
	if d.TLS != nil {
		port = portAMQPS
	}
	user := u.User
	u.User = nil
	if err := plain(u, true); err != nil {
		return err
	}
	var err error
	if d.Addrs, err = addresses(u, port); err != nil {
		return err
	}
	if user != nil {
		d.Username = user.Username()
		d.Password, _ = user.Password()
	}
	d.VHost, err = segment(u, "a virtual host")
	return err
}

// kafkaURL reads kafka://user:password@broker,broker:port/topic.
func kafkaURL(d *kafka.Destination, u *url.URL) error {
	user := u.User
	u.User = nil
	if err := plain(u, true); err != nil {
		return err
	}
	// The adapter has no such field, as it never asks for less: what a URL says
	// that others' clients read as well may be said here, too.
	if acks, found := take(u, "acks"); found && !slices.Contains([]string{"all", "-1"}, acks) {
		return wrong("acks=all, which is what is always asked for: less would lose what was acknowledged")
	}
	var err error
	if d.Brokers, err = addresses(u, portKafka); err != nil {
		return err
	}
	if user != nil {
		password, _ := user.Password()
		d.SASL = &kafka.SASL{Username: user.Username(), Password: password}
	}
	d.Topic, err = segment(u, "a topic")
	return err
}
