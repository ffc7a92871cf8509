package kafka

import (
	"errors"
	"fmt"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
)

// ErrNoLeader: a partition has no broker at the moment, or one that could not be
// reached lately.
var ErrNoLeader = errors.New("the partition has no leader")

// errBehind is what the messages behind a failed batch of their partition get:
// sent before it, they would change places.
var errBehind = errors.New("a batch before it failed")

// BrokerError is a broker's refusal.
type BrokerError struct {
	// Code is from https://kafka.apache.org/protocol#protocol_error_codes.
	Code kafkago.Error

	// Topic and Partition are what it is about. Topic is "" and Partition -1
	// where it is about neither.
	Topic     string
	Partition int

	// Message is what the broker said besides, at most 300 bytes.
	Message string
}

// Error returns code, topic, partition and the broker's message.
func (e *BrokerError) Error() string {
	var b strings.Builder
	if e.Topic != "" {
		fmt.Fprintf(&b, "topic %q ", e.Topic)
	}
	if e.Partition >= 0 {
		fmt.Fprintf(&b, "partition %d ", e.Partition)
	}
	fmt.Fprintf(&b, "%v", e.Code)
	if e.Message != "" {
		fmt.Fprintf(&b, " (%s)", e.Message)
	}
	return b.String()
}

// Unwrap returns the code, so that errors.Is finds kafka-go's errors.
func (e *BrokerError) Unwrap() error { return e.Code }

// refusal makes a BrokerError, nil for code 0. What a broker says may quote a
// record; control characters and length are bounded.
func refusal(code int16, topic string, partition int, message string) error {
	if code == 0 {
		return nil
	}
	return &BrokerError{Code: kafkago.Error(code), Topic: topic, Partition: partition, Message: printable(message)}
}

// printable makes one short line of what a broker said.
func printable(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 || r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}

// verdict is what a code says of a record batch.
type verdict int

const (
	retry  verdict = iota // again, later
	guilty                // the batch, or a record in it, will never be taken
	large                 // the same, for its size
)

func judge(code kafkago.Error) verdict {
	switch code {
	case kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge:
		return large
	case kafkago.InvalidTimestamp, kafkago.InvalidRecord:
		return guilty
	default:
		// Also InvalidMessage, a checksum that does not fit: the network's work.
		return retry
	}
}

// uncertain reports whether the leader may have stored the batch in spite of the
// error. NotLeader is such a one: a leader that has stored it and is deposed
// while it waits for the others answers so.
func uncertain(err error) bool {
	refused, ok := errors.AsType[*BrokerError](err)
	if !ok {
		return true // the connection broke
	}
	switch refused.Code {
	case kafkago.UnknownTopicOrPartition, kafkago.NotEnoughReplicas, kafkago.InvalidMessage,
		kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed, kafkago.UnsupportedVersion,
		kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge, kafkago.InvalidTimestamp, kafkago.InvalidRecord:
		return false
	}
	return true
}
