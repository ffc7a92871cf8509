package kafka_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
)

// raw writes the message alone, so that a value is what a test says.
type raw struct{}

func (raw) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, rec.Message...), nil
}
func (raw) ContentType() string { return "text/plain" }

// ids are those of this file's records.
var began = time.Now().Truncate(time.Millisecond)

func recordsOf(messages ...string) []encode.Record {
	source := encode.NewIDSource()
	recs := make([]encode.Record, len(messages))
	for i, m := range messages {
		recs[i] = encode.Record{ID: source.Next(began), Time: began, Observed: began, Message: m, Resource: &encode.Resource{}}
	}
	return recs
}

func numberedTo(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("m%04d", i))
	}
	return all
}

// keyed gives each record the key that of says, as the attribute "key".
func keyed(recs []encode.Record, of func(i int) string) []encode.Record {
	for i := range recs {
		recs[i].Attrs = []slog.Attr{slog.String("key", of(i))}
	}
	return recs
}

func open(t testing.TB, d kafka.Destination) transport.Transport {
	t.Helper()
	if d.Topic == "" && d.Topics == nil {
		d.Topic = "logs"
	}
	if d.Encoder == nil {
		d.Encoder = raw{}
	}
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// within bounds a Send that should take a moment.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func send(t testing.TB, tr transport.Transport, recs []encode.Record) {
	t.Helper()
	if err := tr.Send(within(t), recs); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

// wantPlain fails the test unless err asks for all records again.
func wantPlain(t testing.TB, err error, size int) {
	t.Helper()
	out := transport.Classify(err, size)
	if err == nil || out.Permanent || out.TooLarge || out.Batch != nil {
		t.Fatalf("want a plain error, got %v", err)
	}
}

// wantAnswers compares an error with what it should say of each record: "" is
// accepted, "again" plain, "never" permanent.
func wantAnswers(t testing.TB, err error, want ...string) {
	t.Helper()
	batch := transport.Classify(err, len(want)).Batch
	if batch == nil {
		t.Fatalf("want a BatchError, got %v", err)
	}
	var got []string
	for _, child := range batch.Errs {
		switch {
		case child == nil:
			got = append(got, "")
		case transport.Classify(child, 1).Permanent:
			got = append(got, "never")
		default:
			got = append(got, "again")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("answers %q, want %q: %v", got, want, err)
	}
}

// consume reads n messages of a topic with another client than ours.
func consume(t testing.TB, broker, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var all []*kgo.Record
	for ctx := within(t); len(all) < n; {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("%d of %d messages came: %v", len(all), n, err)
		}
		all = append(all, fetches.Records()...)
	}
	if len(all) != n {
		t.Fatalf("%d messages came, want %d", len(all), n)
	}
	return all
}

// byPartition are the values, partition by partition, in their order.
func byPartition(records []*kgo.Record) map[int32][]string {
	all := make(map[int32][]string)
	for _, r := range records {
		all[r.Partition] = append(all[r.Partition], string(r.Value))
	}
	return all
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return "none"
}
