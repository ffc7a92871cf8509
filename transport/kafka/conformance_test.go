package kafka_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

const secret = "tr0ub4dor&3"

func password(context.Context) (string, string, error) { return "shop", secret, nil }

// TestConformance runs the contract against a broker that is not ours, with
// credentials.
func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			f, _ := newFront(t, p, kfake.SeedTopics(1, "logs"))
			f.onProduced(func(req *kmsg.ProduceRequest) { p.Received(values(req)...) })
			return kafka.Destination{
				Brokers: []string{f.addr}, Topic: "logs", Compression: kafka.Uncompressed,
				SASL: &kafka.SASL{Mechanism: kafka.Plain, Credentials: password}, AllowPlaintext: true,
			}
		},
		Message: message,
		Secrets: []string{secret},
		Invalid: invalid(t),
	})
}

// message is the independent parser: encoding/json.
func message(entry string) (string, error) {
	var fields struct{ Msg string }
	err := json.Unmarshal([]byte(entry), &fields)
	return fields.Msg, err
}

func invalid(t *testing.T) []transport.Destination {
	at, none := []string{"127.0.0.1:1"}, filepath.Join(t.TempDir(), "none")
	with := func(change func(*kafka.Destination)) transport.Destination {
		d := kafka.Destination{Brokers: at, Topic: "logs"}
		change(&d)
		return d
	}
	return []transport.Destination{
		kafka.Destination{},
		kafka.Destination{Topic: "logs"},
		kafka.Destination{Brokers: at},
		kafka.Destination{Brokers: []string{"kafka"}, Topic: "logs"},
		with(func(d *kafka.Destination) { d.Topic = "a/b" }),
		with(func(d *kafka.Destination) { d.Topic = ".." }),
		with(func(d *kafka.Destination) { d.TopicAttr = "tenant" }),
		with(func(d *kafka.Destination) { d.Topics = map[string]string{"a": "b"} }),
		with(func(d *kafka.Destination) { d.TopicAttr, d.Topics = "tenant", map[string]string{"a": "b c"} }),
		with(func(d *kafka.Destination) { d.Balancer = 4 }),
		with(func(d *kafka.Destination) { d.Compression = 5 }),
		with(func(d *kafka.Destination) { d.NoKey, d.KeyAttr = true, "user" }),
		with(func(d *kafka.Destination) { d.NoKey, d.Balancer = true, kafka.Hash }),
		with(func(d *kafka.Destination) { d.MaxRecords = -1 }),
		with(func(d *kafka.Destination) { d.MaxBytes = 17 << 20 }),
		with(func(d *kafka.Destination) { d.MaxBatchBytes = 33 << 20 }),
		with(func(d *kafka.Destination) { d.ConnectTimeout = -1 }),
		with(func(d *kafka.Destination) { d.AnswerTimeout = -1 }),
		with(func(d *kafka.Destination) { d.IdleTimeout = -1 }),
		with(func(d *kafka.Destination) { d.MetadataAge = -1 }),
		with(func(d *kafka.Destination) { d.CreateTopics = &kafka.NewTopic{Partitions: -1} }),
		with(func(d *kafka.Destination) { d.TLS = &tlsconfig.Options{CAFile: none} }),
		with(func(d *kafka.Destination) { d.Encoder = encode.JSONLines{Keys: encode.Keys{Level: "msg"}} }),
		with(func(d *kafka.Destination) { d.SASL = &kafka.SASL{} }),
		with(func(d *kafka.Destination) { d.SASL = &kafka.SASL{Username: "shop"} }),
		with(func(d *kafka.Destination) { d.SASL = &kafka.SASL{Mechanism: 3, Credentials: password} }),
		with(func(d *kafka.Destination) { d.SASL = &kafka.SASL{Mechanism: kafka.Plain, Credentials: password} }),
		with(func(d *kafka.Destination) { d.SASL = &kafka.SASL{Username: "shop", PasswordFile: none} }),
	}
}
