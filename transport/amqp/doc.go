// Package amqp delivers records to RabbitMQ over AMQP 0-9-1: a persistent message
// for each record, acknowledged by a publisher confirm. It is a module of its
// own, as it brings github.com/rabbitmq/amqp091-go along.
//
//	import "github.com/slogship/slogship/transport/amqp"
//
//	route.Route{Name: "rabbitmq", To: amqp.Destination{
//		Addrs: []string{"rabbit1:5671", "rabbit2:5671"}, TLS: &tlsconfig.Options{},
//		Username: "shop", PasswordFile: "/run/secrets/rabbitmq",
//		Exchange: "logs", RoutingKey: "shop",
//	}}
//
// # Delivery
//
// The acknowledgement is basic.ack on a channel in confirm mode. RabbitMQ gives
// it for a persistent message in a durable queue when the message is on disk, in
// a quorum queue when a majority has it there, and for one that goes to several
// queues when all have it (https://www.rabbitmq.com/docs/confirms). Messages are
// published as mandatory, since RabbitMQ also confirms what no queue is there
// for: it is returned first, and a record that came back is not delivered. Send
// returns nil when every record of the batch is confirmed and none came back.
//
// A record is lost after that only if the queue loses it: one that is not
// durable, one with a length or age limit that drops (x-max-length without
// x-overflow=reject-publish, x-message-ttl), a classic queue whose node's disk
// dies. A quorum queue wants three nodes: on a single one of RabbitMQ 3.10 it did
// not come back after SIGKILL, and everything waited.
//
// A message carries its record's ID as message_id, on every attempt the same.
// When a connection breaks, what was not confirmed goes again: at most Window
// messages arrive twice for each break. A consumer drops the repeats by
// message_id, as examples/rabbitmq does. A broker that is blocked, or slow for
// longer than a Send may take, breaks nothing: a record whose message is out is
// waited for by the next Send, and not published again.
//
// # Ordering
//
// Records are published in order on one channel, up to Window of them without a
// confirm, and RabbitMQ keeps the order of one channel within one queue. A record
// that was refused or whose connection broke goes again, and may then follow a
// newer one that had arrived.
//
// After a kill of its node a classic queue may have kept a newer message and lost
// an older one that it had not confirmed: once in six trials of 20,000 records and
// 8 kills each, for one record. The likely reason is that messages below 4 KiB
// (queue_index_embed_msgs_below) are stored apart from the others, and each is
// confirmed when it is on disk. Window: 1 rules it out, at a round trip for each
// record.
//
// # Errors
//
// Permanent, for the record alone: it came back as unroutable (312 NO_ROUTE, the
// broker's answer is an [*Error] in the dead letter; with Declare it is tried
// once more after everything was declared again, in case somebody deleted the
// queue), the encoder refuses it, it is empty or longer than MaxMessage, or the
// broker closed the channel over it with 406 or 311, as it does for a body above
// its max_message_size. The broker does not say over which message, so as many
// as were out are published again one at a time, until only one can be meant.
// When every record is refused, the destination is at fault, and the route holds.
//
// Plain, for all records without an answer: names that do not resolve, refused
// and broken connections, [ErrLogin], 403 (no permission for the exchange), 404
// (no such exchange), 530 (no such virtual host), a declaration that contradicts
// what is there (406), [ErrBlocked], [ErrUnconfirmed], a broker that shuts down
// (320), the end of ctx. For one record, basic.nack ([ErrNacked]).
//
// An exchange that is missing is told on connecting, before anything is sent, and
// holds up the whole route, also the records for other exchanges.
//
// While the broker takes nothing (connection.blocked: an alarm for memory or
// disk), Send and Probe return ErrBlocked at once. What had been written before
// stays where it is, in the middle of a message if need be, and the connection
// is kept.
//
// # Limits
//
// Memory per destination: 512 KiB to be written, or the largest record twice,
// and some 300 bytes for each message that is out. Two goroutines besides the
// client library's two.
//
// Headers that do not fit one frame with the properties (frame_max, 128 KiB
// unless the broker wants less) are left out. Timestamps are whole seconds in
// AMQP; the body has the record's own. Compression is not offered, since no
// consumer's library would undo it by itself.
//
// Transactions, streams' own protocol and AMQP 1.0 are not spoken. The client
// library's automatic recovery is not used: it would leave open what became of
// the messages that were out.
//
// # Security
//
// Without TLS everybody on the way can read, change and confirm records, and a
// password is sent only with AllowPlaintext. With TLS the server is verified (see
// package tlsconfig), and with External the client logs in by its certificate.
// Certificates, authorities and passwords are read anew for each connection;
// when TLS files have changed on disk, the connection is closed in order and
// opened again. A connection that is open survives a changed password. No error
// holds a password, also where a broker repeats it, and what a broker says is
// shown as one printable line of at most 300 bytes.
//
// No record chooses where it goes but among the exchanges and routing keys that
// are configured: exchanges may lead to other systems. "CC" and "BCC", headers by
// which RabbitMQ copies a message elsewhere, can't be set.
package amqp
