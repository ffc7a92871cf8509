package main

import (
	"fmt"
	"strconv"

	"github.com/slogship/slogship/transport"
	slogkafka "github.com/slogship/slogship/transport/kafka"
)

// kafkaTopic is the topic of the row. With the producer as the key and Hash, all
// records of a producer are in one partition: what the judge calls out of order
// is an inversion within a key.
const kafkaTopic, kafkaPartitions = "interop", 4

func kafkaDestinations(env *environment) []destination {
	node := kafkaNode{id: 1, pki: env.pki}
	return []destination{{
		name: "kafka", setup: node.setup(parseValue), kills: true, pause: pause, check: checkMessage,
		to: func(at place) transport.Destination { return kafkaAt(at) },
		scenes: []scene{
			{"missing topic", kafkaMissingTopic},
			{"record too large", kafkaTooLarge},
			{"wrong credentials", kafkaStranger(env.pki)},
			{"certificate rotated", kafkaRotated(env.pki)},
			{"backlog of version 1", kafkaVersions},
			{"three brokers", kafkaThree},
		},
	}}
}

// kafkaAt makes its topic itself.
func kafkaAt(at place) slogkafka.Destination {
	return slogkafka.Destination{
		Brokers: []string{at.addrs[kafkaPlain]}, Topic: kafkaTopic, KeyAttr: "producer", Balancer: slogkafka.Hash,
		Compression: slogkafka.Zstd, CreateTopics: &slogkafka.NewTopic{Partitions: kafkaPartitions, Replicas: 1},
	}
}

// checkMessage compares key and headers with the record in the value.
func checkMessage(e *entry) error {
	headers, _ := e.Fields["headers"].(map[string]any)
	for _, f := range []struct{ name, got, want string }{
		{"key", fmt.Sprint(e.Fields["key"]), strconv.Itoa(*e.Producer)},
		{slogkafka.HeaderID, fmt.Sprint(headers[slogkafka.HeaderID]), e.ID},
		{slogkafka.HeaderLevel, fmt.Sprint(headers[slogkafka.HeaderLevel]), "INFO"},
		{slogkafka.HeaderContentType, fmt.Sprint(headers[slogkafka.HeaderContentType]), "application/json"},
	} {
		if f.got != f.want {
			return fmt.Errorf("%s is %q, want %q", f.name, f.got, f.want)
		}
	}
	return nil
}
