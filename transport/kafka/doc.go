// Package kafka delivers records to Apache Kafka topics, one message a record,
// with acks=all, on github.com/segmentio/kafka-go's implementation of the
// protocol.
//
//	import slogkafka "github.com/slogship/slogship/transport/kafka"
//
//	route.To = slogkafka.Destination{
//		Brokers:  []string{"kafka-1:9093", "kafka-2:9093"},
//		Topic:    "logs.shop",
//		Balancer: slogkafka.Hash,
//		TLS:      &tlsconfig.Options{},
//		SASL:     &slogkafka.SASL{Username: "shop", PasswordFile: "/run/secrets/kafka"},
//	}
//
// A message has the record in the Encoder's format as its value, the trace id or
// an attribute as its key, the record's time, and four headers: record-id, level,
// content-type and, within a trace, traceparent.
//
// # Delivery
//
// Acknowledged: a record is delivered when the leader of its partition has
// answered, which with acks=all it does when all replicas that are in sync have
// the message too. How many that are at least is the topic's
// min.insync.replicas: with a replication factor of 3 and 2 there, a record
// outlives the loss of any one broker. With 1 there, acks=all means the leader
// alone once the others have fallen behind. A broker's answer says that the
// message is in its memory; it reaches the disk within the operating system's
// time, unless flush.messages says otherwise.
//
// Delivery is at-least-once. kafka-go has no idempotent producer, so a batch that
// was stored and whose answer was lost, because the broker or the connection died
// at that moment, is stored a second time: at most one Send (MaxRecords) per
// break, usually right behind the first; a broker that was given up for being slow
// may store the first copy later than the second. The copies have the same record-id header, also after a restart of this
// process, and that is what consumers drop them by:
//
//	id := header(message, slogkafka.HeaderID)
//	if seen.Contains(id) { // the newest 100,000 ids of this partition
//		continue
//	}
//
// The second copy goes to the partition of the first whatever the Balancer says,
// as long as this process lives and that partition has a leader: one consumer
// sees both, and a window of ids per partition will do. examples/kafka is a
// consumer group that does so and writes to Elasticsearch, where the id, used as
// the document's _id, drops what is left: copies that a restart of this process
// has sent to another partition, or a rebalance to another consumer. With
// Balancer Hash a key's copies never part.
//
// # Ordering
//
// Within a partition, messages are in the order of the route. With Balancer Hash
// the same is true of the messages with one key, for as long as the topic has the
// same number of partitions. One batch is in flight at a time, and what comes
// behind a failed batch of its partition waits for it: after a break a key's
// messages may read 1 2 3 1 2 3 4, but without what came before they are never
// out of order. (What internal/interop counts: a broker of Kafka 4.1 killed 8
// times within 20,000 records, in two runs: 58 and 251 copies, none lost, and no
// record whose first copy came after a later one of its key.) Partitions are not ordered among each other.
//
// Between restarts of this process the order is that of the buffer; several
// processes are several producers.
//
// # Errors
//
// Each message gets the answer of its partition. Permanent, and so in the dead
// letter, are: a message that the encoder refuses; one that alone is larger than
// the broker or the topic allows (MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE); one
// that the broker calls invalid (INVALID_RECORD, such as one without a key in a
// compacted topic; INVALID_TIMESTAMP); one for which there is no topic. A batch
// that is refused for such a message goes again, less the message where the
// broker names it, else in halves.
//
// Everything else is plain and goes again after a pause: a topic or partition
// that is not there (yet), a partition without a leader, too few replicas in
// sync, missing rights, a broker's failing disk, connections that cannot
// be made, verified, authenticated or that break, and brokers that do not answer
// in time. Each such error makes the next Send ask for brokers and leaders anew.
// A broker's refusal is a *BrokerError; errors.Is finds kafka-go's codes in it.
//
// A broker that could not be reached is passed by for 5 s by the balancers other
// than Hash, so that its partitions do not hold up the others.
//
// # Limits
//
// A Send holds at most MaxRecords and MaxBytes (1,000, and 1 MiB in the buffer),
// and makes one request to each leader, all under way at the same time. A record
// batch is at most MaxBatchBytes (1,000,000 bytes before compression; brokers
// take 1,048,588 after it): a partition that gets more in one Send gets several
// requests one after the other. A record that exceeds MaxBatchBytes goes alone.
// Of an answer at most 16 MiB are read. Memory is about four times MaxBytes.
//
// An idle worker waits 5 ms for more records, unless the route says otherwise; a
// busy one does not wait, and neither does Send: kafka-go's Writer, which waits a
// second for its batch to fill, is not used. A quota makes a broker answer later;
// give AnswerTimeout and the route's SendTimeout room for that. Kafka 0.11 and newer; tried against
// 4.1.
//
// A message's time is the record's, if that is within an hour of when it was
// taken, else the latter: brokers refuse messages from the future and keep a
// segment as long as its newest message.
//
// # Security
//
// TLS is off unless TLS is set: then 1.3 and verified, unless lowered by name in
// the TLS options. SASL/PLAIN without TLS needs AllowPlaintext. Name and password
// come from a file or a function, for each connection; they appear in no error,
// nor in %v and %#v of a Destination. A certificate that was rotated is in use
// with the next Send. A user needs the operations Write and Describe on the
// topic, and Create where CreateTopics is set.
//
// Names of topics come from the configuration alone: a record can choose among
// them and adds nothing to them. What a broker says is bounded before it is
// decoded.
package kafka
