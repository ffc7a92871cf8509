package amqp

import (
	"fmt"
	"slices"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/transport/httpstatus"
)

// Topology is what Send declares on each new connection. Everything is durable:
// what a restart of the broker removes would take the records along. A
// declaration of what is there already changes nothing; one that contradicts it
// (another kind, other arguments) is an error of Send, and nothing is sent.
type Topology struct {
	Exchanges []Exchange // default: none
	Queues    []Queue    // default: none
	Bindings  []Binding  // default: none
}

// Exchange is declared durable.
type Exchange struct {
	Name      string         // at most 255 bytes. Required
	Kind      string         // "direct", "fanout", "topic", "headers" or a plugin's. Default "topic"
	Arguments map[string]any // "alternate-exchange" and the like; values as amqp091.Table allows. Default: none
}

// Queue is declared durable, neither exclusive nor removed when unused.
type Queue struct {
	Name      string         // at most 255 bytes. Required
	Kind      string         // "quorum" (default), "classic" or "stream"
	Arguments map[string]any // "x-max-length", "x-overflow" and the like. Default: none
}

// Binding leads messages of an exchange into a queue.
type Binding struct {
	Exchange  string         // an exchange that is there or declared. Required
	Queue     string         // a queue that is there or declared. Required
	Key       string         // of "direct" and "topic". Default: ""
	Arguments map[string]any // of "headers". Default: none
}

// declare tells the broker of all of it, and then asks whether the exchanges
// that others declared are there: a missing one would otherwise be told by
// closing the channel in the middle of a batch.
func (d *Destination) declare(ch *amqp091.Channel, secrets httpstatus.Secrets) error {
	if err := d.Declare.apply(ch, secrets); err != nil {
		return err
	}
	return d.ask(ch, secrets)
}

// ask asks whether the exchanges are there that Declare does not make.
func (d *Destination) ask(ch *amqp091.Channel, secrets httpstatus.Secrets) error {
	for _, name := range d.exchanges() {
		// The kind is not looked at in a passive declaration.
		if err := ch.ExchangeDeclarePassive(name, amqp091.ExchangeTopic, true, false, false, false, nil); err != nil {
			return fmt.Errorf("exchange %q: %w", name, explain(err, secrets))
		}
	}
	return nil
}

func (t *Topology) apply(ch *amqp091.Channel, secrets httpstatus.Secrets) error {
	if t == nil {
		return nil
	}
	for _, x := range t.Exchanges {
		if err := ch.ExchangeDeclare(x.Name, x.kind(), true, false, false, false, x.Arguments); err != nil {
			return fmt.Errorf("declare exchange %q: %w", x.Name, explain(err, secrets))
		}
	}
	for _, q := range t.Queues {
		if _, err := ch.QueueDeclare(q.Name, true, false, false, false, q.arguments()); err != nil {
			return fmt.Errorf("declare queue %q: %w", q.Name, explain(err, secrets))
		}
	}
	for _, b := range t.Bindings {
		if err := ch.QueueBind(b.Queue, b.Key, b.Exchange, false, b.Arguments); err != nil {
			return fmt.Errorf("bind queue %q to exchange %q: %w", b.Queue, b.Exchange, explain(err, secrets))
		}
	}
	return nil
}

func (x *Exchange) kind() string {
	if x.Kind == "" {
		return amqp091.ExchangeTopic
	}
	return x.Kind
}

func (q *Queue) arguments() amqp091.Table {
	args := amqp091.Table{amqp091.QueueTypeArg: "quorum"}
	if q.Kind != "" {
		args[amqp091.QueueTypeArg] = q.Kind
	}
	for name, value := range q.Arguments {
		args[name] = value
	}
	return args
}

// exchanges are all that records may go to, without the default one, which is
// always there, and those that Declare has just made.
func (d *Destination) exchanges() []string {
	names := []string{d.Exchange}
	for _, name := range d.Exchanges {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return name == "" || d.Declare != nil && slices.ContainsFunc(d.Declare.Exchanges, func(x Exchange) bool { return x.Name == name })
	})
}

// validate returns what is wrong with a name or an argument.
func (t *Topology) validate() error {
	if t == nil {
		return nil
	}
	for _, x := range t.Exchanges {
		if err := checkDeclared("Exchanges", x.Name, x.Arguments); err != nil {
			return err
		}
	}
	for _, q := range t.Queues {
		if !slices.Contains([]string{"", "quorum", "classic", "stream"}, q.Kind) {
			return fmt.Errorf(`amqp: Declare.Queues %q: Kind %q: %w: want "quorum", "classic" or "stream"`, q.Name, q.Kind, ErrConfig)
		}
		if err := checkDeclared("Queues", q.Name, q.Arguments); err != nil {
			return err
		}
	}
	for _, b := range t.Bindings {
		if err := checkDeclared("Bindings", b.Queue, b.Arguments); err != nil {
			return err
		}
		if b.Exchange == "" || len(b.Exchange) > maxShort || len(b.Key) > maxShort {
			return fmt.Errorf("amqp: Declare.Bindings %q: exchange %q, key %q: %w: want an exchange, and at most %d bytes", b.Queue, b.Exchange, b.Key, ErrConfig, maxShort)
		}
	}
	return nil
}

func checkDeclared(field, name string, args map[string]any) error {
	if name == "" || len(name) > maxShort {
		return fmt.Errorf("amqp: Declare.%s: name %q: %w: want 1 to %d bytes", field, name, ErrConfig, maxShort)
	}
	if err := amqp091.Table(args).Validate(); err != nil {
		return fmt.Errorf("amqp: Declare.%s %q: Arguments: %w: %w", field, name, ErrConfig, err)
	}
	return nil
}
