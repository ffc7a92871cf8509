package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
)

// Each code that a leader can answer, for one message.
func TestRefusals(t *testing.T) {
	f, cluster := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Compression: kafka.Uncompressed})
	sent := 0
	for code, want := range map[kafkago.Error]string{
		kafkago.MessageSizeTooLarge: "never", kafkago.RecordListTooLarge: "never", kafkago.InvalidTimestamp: "never", kafkago.InvalidRecord: "never",
		kafkago.Unknown: "again", kafkago.InvalidMessage: "again", kafkago.UnknownTopicOrPartition: "again", kafkago.LeaderNotAvailable: "again",
		kafkago.NotLeaderForPartition: "again", kafkago.RequestTimedOut: "again", kafkago.NetworkException: "again", kafkago.InvalidTopic: "again",
		kafkago.NotEnoughReplicas: "again", kafkago.NotEnoughReplicasAfterAppend: "again", kafkago.InvalidRequiredAcks: "again",
		kafkago.TopicAuthorizationFailed: "again", kafkago.ClusterAuthorizationFailed: "again", kafkago.UnsupportedVersion: "again",
		kafkago.KafkaStorageError: "again", kafkago.UnsupportedCompressionType: "again", kafkago.PolicyViolation: "again", kafkago.Error(9999): "again",
	} {
		f.refuses(func(*kmsg.ProduceRequestTopicPartition, []string) *kmsg.ProduceResponseTopicPartition {
			return &kmsg.ProduceResponseTopicPartition{ErrorCode: int16(code), ErrorMessage: kmsg.StringPtr("said\x1b[2J\nso" + strings.Repeat("!", 1000))}
		})
		err := tr.Send(within(t), recordsOf("one"))
		if want == "never" {
			wantAnswers(t, err, want)
			err = transport.Classify(err, 1).Batch.Errs[0]
		} else {
			wantPlain(t, err, 1)
		}
		refused, ok := errors.AsType[*kafka.BrokerError](err)
		if !ok || refused.Code != code || refused.Topic != "logs" || refused.Partition != 0 || !errors.Is(err, code) {
			t.Errorf("code %d: %v", code, err)
		} else if !strings.HasPrefix(refused.Message, "said [2J so!!!") || len(refused.Message) > 300 {
			t.Errorf("code %d: the broker said %q", code, refused.Message)
		}
		// The same message, once the broker takes it.
		f.onRequest(nil)
		send(t, tr, recordsOf("one"))
		sent++
	}
	consume(t, cluster.ListenAddrs()[0], "logs", sent)
}

// A broker that names the invalid messages has stored none of the batch: these
// are permanent and the others go again.
func TestNamedRecords(t *testing.T) {
	f, cluster := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Compression: kafka.Uncompressed})
	f.refuses(func(*kmsg.ProduceRequestTopicPartition, []string) *kmsg.ProduceResponseTopicPartition {
		return &kmsg.ProduceResponseTopicPartition{ErrorCode: int16(kafkago.InvalidRecord), ErrorRecords: []kmsg.ProduceResponseTopicPartitionErrorRecord{
			{RelativeOffset: 1, ErrorMessage: kmsg.StringPtr("no key")}, {RelativeOffset: 3}, {RelativeOffset: -1}, {RelativeOffset: 99},
		}}
	})
	err := tr.Send(within(t), recordsOf(numberedTo(5)...))
	wantAnswers(t, err, "again", "never", "again", "never", "again")
	if named := transport.Classify(err, 5).Batch.Errs[1]; !strings.Contains(fmt.Sprint(named), "no key") {
		t.Errorf("what the broker said of the message is missing: %v", named)
	}
	f.onRequest(nil)
	send(t, tr, recordsOf("m0000", "m0002", "m0004"))
	consume(t, cluster.ListenAddrs()[0], "logs", 3)
}

// A broker that names messages which are not there has named none: the guilty one is
// looked for.
func TestNamedRecordsOfNoBatch(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Compression: kafka.Uncompressed})
	f.refuses(func(_ *kmsg.ProduceRequestTopicPartition, values []string) *kmsg.ProduceResponseTopicPartition {
		if !slices.Contains(values, "m0003") {
			return nil
		}
		return &kmsg.ProduceResponseTopicPartition{ErrorCode: int16(kafkago.InvalidRecord), ErrorRecords: []kmsg.ProduceResponseTopicPartitionErrorRecord{
			{RelativeOffset: -1}, {RelativeOffset: 99},
		}}
	})
	wantAnswers(t, tr.Send(within(t), recordsOf(numberedTo(5)...)), "", "", "", "never", "")
}

// A batch that is too large for the broker is cut until it fits; the one message
// that never will is permanent, and the order is kept. The next Send begins with
// smaller batches.
func TestTooLarge(t *testing.T) {
	f, cluster := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Compression: kafka.Uncompressed})
	const most = 40_000
	var requests, refusals atomic.Int64
	f.refuses(func(p *kmsg.ProduceRequestTopicPartition, _ []string) *kmsg.ProduceResponseTopicPartition {
		requests.Add(1)
		if len(p.Records) <= most {
			return nil
		}
		refusals.Add(1)
		return &kmsg.ProduceResponseTopicPartition{ErrorCode: int16(kafkago.MessageSizeTooLarge)}
	})
	messages := numberedTo(100)
	for i := range messages {
		messages[i] += strings.Repeat("x", 2000)
	}
	huge := 57
	messages[huge] += strings.Repeat("x", most)
	want := slices.Repeat([]string{""}, 100)
	want[huge] = "never"
	wantAnswers(t, tr.Send(within(t), recordsOf(messages...)), want...)
	left := slices.Delete(slices.Clone(messages), huge, huge+1)
	requests.Store(0)
	refusals.Store(0)
	send(t, tr, recordsOf(left...))
	if n := requests.Load(); refusals.Load() > 0 || n < 5 || n > 20 {
		t.Errorf("the next Send: %d requests, %d of them refused", n, refusals.Load())
	}
	// Fresh metadata: the limit may have been raised, and is tried again.
	if err := tr.(transport.Prober).Probe(within(t)); err != nil {
		t.Fatal(err)
	}
	send(t, tr, recordsOf(left...))
	if refusals.Load() == 0 {
		t.Error("the topic's limit was not tried again")
	}
	got := byPartition(consume(t, cluster.ListenAddrs()[0], "logs", 3*len(left)))[0]
	if !slices.Equal(got, slices.Concat(left, left, left)) {
		t.Errorf("the messages are not those that were taken, in their order")
	}
}

// What does not fit one record batch goes in several, one after the other; and
// when one of them fails, what comes behind it is not sent before it.
func TestBehindAFailedBatch(t *testing.T) {
	f, cluster := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Compression: kafka.Uncompressed, MaxBatchBytes: 10_000})
	var healed atomic.Bool
	f.refuses(func(_ *kmsg.ProduceRequestTopicPartition, values []string) *kmsg.ProduceResponseTopicPartition {
		if !healed.Load() && strings.HasPrefix(values[0], "m0004") {
			return &kmsg.ProduceResponseTopicPartition{ErrorCode: int16(kafkago.NotEnoughReplicas)}
		}
		return nil
	})
	messages := numberedTo(10)
	for i := range messages {
		messages[i] += strings.Repeat("x", 4000) // two in a batch
	}
	err := tr.Send(within(t), recordsOf(messages...))
	wantAnswers(t, err, "", "", "", "", "again", "again", "again", "again", "again", "again")
	healed.Store(true)
	send(t, tr, recordsOf(messages[4:]...))
	if got := byPartition(consume(t, cluster.ListenAddrs()[0], "logs", 10))[0]; !slices.Equal(got, messages) {
		t.Errorf("out of order: %.5q", got)
	}
}
