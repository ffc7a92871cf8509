package kafka_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
)

// Each compression is read by a client that is not ours; key, headers and time
// are what the record says.
func TestMessages(t *testing.T) {
	for _, c := range []kafka.Compression{kafka.Snappy, kafka.Lz4, kafka.Zstd, kafka.Gzip, kafka.Uncompressed} {
		t.Run(c.String(), func(t *testing.T) {
			cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
			tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Compression: c, Encoder: encode.JSONLines{}})
			recs := recordsOf("one", strings.Repeat("two ", 50_000), "three")
			recs[0].Level = slog.LevelWarn
			recs[0].Trace = encode.Trace{TraceID: [16]byte{0xab, 15: 1}, SpanID: [8]byte{7: 2}, Flags: 1}
			send(t, tr, recs)
			for i, got := range consume(t, cluster.ListenAddrs()[0], "logs", 3) {
				want, _ := encode.JSONLines{}.AppendRecord(nil, &recs[i])
				if string(got.Value) != string(want) {
					t.Errorf("value %d is %.100q, want %.100q", i, got.Value, want)
				}
				if !got.Timestamp.Equal(began) {
					t.Errorf("time %d is %v, want %v", i, got.Timestamp, began)
				}
				key, level, trace := "", "INFO", "none"
				if i == 0 {
					key, level = "ab000000000000000000000000000001", "WARN"
					trace = "00-ab000000000000000000000000000001-0000000000000002-01"
				}
				if string(got.Key) != key || (got.Key == nil) != (key == "") {
					t.Errorf("key %d is %q, want %q", i, got.Key, key)
				}
				for name, want := range map[string]string{
					kafka.HeaderID: recs[i].ID.String(), kafka.HeaderLevel: level, kafka.HeaderTrace: trace, kafka.HeaderContentType: "application/json",
				} {
					if h := header(got, name); h != want {
						t.Errorf("header %s of %d is %q, want %q", name, i, h, want)
					}
				}
			}
		})
	}
}

// The key is an attribute's, also within groups; other kinds become text; what
// is missing or no plain value is no key.
func TestKeys(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	trace := encode.Trace{TraceID: [16]byte{1}}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, attr string
		no         bool
		attrs      []slog.Attr
		want       string
	}{
		{"the trace id", "", false, nil, "01000000000000000000000000000000"},
		{"none", "", true, nil, ""},
		{"a string", "user", false, []slog.Attr{slog.String("user", "u1")}, "u1"},
		{"a number", "user", false, []slog.Attr{slog.Int("user", 17)}, "17"},
		{"a time", "user", false, []slog.Attr{slog.Time("user", at)}, "2026-01-02T03:04:05Z"},
		{"in a group", "req.user", false, []slog.Attr{slog.String("user", "u0"), slog.Group("req", slog.String("user", "u1"))}, "u1"},
		{"missing", "user", false, nil, ""},
		{"a group", "req", false, []slog.Attr{slog.Group("req", slog.String("user", "u1"))}, ""},
		{"no plain value", "user", false, []slog.Attr{slog.Any("user", []byte("u"))}, ""},
		{"empty", "user", false, []slog.Attr{slog.String("user", "")}, ""},
	} {
		tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), KeyAttr: c.attr, NoKey: c.no})
		recs := recordsOf(c.name)
		recs[0].Attrs, recs[0].Trace = c.attrs, trace
		send(t, tr, recs)
	}
	want := []string{"01000000000000000000000000000000", "", "u1", "17", "2026-01-02T03:04:05Z", "u1", "", "", "", ""}
	for i, got := range consume(t, cluster.ListenAddrs()[0], "logs", len(want)) {
		if string(got.Key) != want[i] || (got.Key == nil) != (want[i] == "") {
			t.Errorf("%s: key %q, want %q", got.Value, got.Key, want[i])
		}
	}
}

// A topic comes from the configuration alone: a value that is not in the list
// goes to the fixed topic, and without one is permanent (S7).
func TestS7_Topics(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs", "logs.a", "logs.b"))
	topics := map[string]string{"a": "logs.a", "b": "logs.b"}
	recs := func() []encode.Record {
		recs := recordsOf("for a", "for b", "for c", "for nobody")
		for i, tenant := range []string{"a", "b", "logs.a"} {
			recs[i].Attrs = []slog.Attr{slog.Group("req", slog.String("tenant", tenant))}
		}
		return recs
	}
	with := kafka.Destination{Brokers: cluster.ListenAddrs(), Topic: "logs", TopicAttr: "req.tenant", Topics: topics}
	send(t, open(t, with), recs())
	with.Topic = ""
	err := open(t, with).Send(within(t), recs())
	wantAnswers(t, err, "", "", "never", "never")
	for topic, want := range map[string][]string{"logs": {"for c", "for nobody"}, "logs.a": {"for a", "for a"}, "logs.b": {"for b", "for b"}} {
		for i, got := range consume(t, cluster.ListenAddrs()[0], topic, 2) {
			if string(got.Value) != want[i] {
				t.Errorf("%s has %q, want %q", topic, got.Value, want[i])
			}
		}
	}
}

// S7: values that look like topics, ours and others', and what brokers forbid,
// make no topic: the cluster has those that it had, and each message is where the
// configuration says.
func TestS7_HostileTopics(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs", "logs.a", "others"))
	tr := open(t, kafka.Destination{
		Brokers: cluster.ListenAddrs(), Topic: "logs", TopicAttr: "tenant", Topics: map[string]string{"a": "logs.a"}, CreateTopics: &kafka.NewTopic{},
	})
	says := []string{
		"a", "logs.a", "others", "__consumer_offsets", "A", " a", "a\x00", "../a", ".", "..", "a/b", "a\r\nb", "${tenant}", "", "*", "logs.b",
		strings.Repeat("t", 300), "\u2028a", "a,others",
	}
	recs := recordsOf(says...)
	for i, say := range says {
		recs[i].Attrs = []slog.Attr{slog.String("tenant", say), slog.String("topic", say)}
	}
	send(t, tr, recs)
	consume(t, cluster.ListenAddrs()[0], "logs.a", 1)
	consume(t, cluster.ListenAddrs()[0], "logs", len(says)-1)
	outside := 0
	for _, topic := range topicsOf(t, cluster.ListenAddrs()[0]) {
		if topic != "logs" && topic != "logs.a" && topic != "others" {
			outside++
			t.Errorf("there is a topic %q", topic)
		}
	}
	t.Logf("S7: %d records, topics outside the configuration %d", len(says), outside)
}

// topicsOf asks the cluster for its topics, by a client that is not ours.
func topicsOf(t *testing.T, broker string) []string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	resp, err := kmsg.NewPtrMetadataRequest().RequestWith(within(t), client)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, topic := range resp.Topics {
		names = append(names, *topic.Topic)
	}
	return names
}

// A record whose topic is missing does not hold up the others of its batch.
func TestMissingTopicAmongOthers(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Topic: "logs", TopicAttr: "to", Topics: map[string]string{"m": "missing"}})
	recs := recordsOf("a", "b", "c")
	recs[1].Attrs = []slog.Attr{slog.String("to", "m")}
	wantAnswers(t, tr.Send(within(t), recs), "", "again", "")
	consume(t, cluster.ListenAddrs()[0], "logs", 2)
}

// What the encoder refuses is permanent, alone.
func TestEncoderRefuses(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Encoder: picky{}})
	wantAnswers(t, tr.Send(within(t), recordsOf("a", "refused", "b")), "", "never", "")
	wantAnswers(t, tr.Send(within(t), recordsOf("refused")), "never")
	consume(t, cluster.ListenAddrs()[0], "logs", 2)
}

type picky struct{ raw }

func (p picky) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "refused" {
		return dst, encode.ErrID
	}
	return p.raw.AppendRecord(dst, rec)
}

var _ transport.Destination = kafka.Destination{}
