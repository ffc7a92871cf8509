package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport"
	slogkafka "github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// heldBack waits until Sends have failed with an error that says word, and sees
// that nothing was given up or delivered.
func heldBack(ctx context.Context, pipe *pipeline, word string) error {
	stats := func() handler.RouteStats { return pipe.handler.Stats().Routes[0] }
	if err := poll(ctx, func() bool { return stats().Retries > 2 && strings.Contains(stats().LastError, word) }); err != nil {
		return fmt.Errorf("no error with %q, the last was %q: %w", word, stats().LastError, err)
	}
	if s := stats(); s.Delivered+s.Dead > 0 {
		return fmt.Errorf("%d delivered, %d dead: %w", s.Delivered, s.Dead, errScene)
	}
	return nil
}

// kafkaMissingTopic: records wait for a topic that is not there at the start.
func kafkaMissingTopic(ctx context.Context, on *stage) error {
	to := kafkaAt(on.server.life.at)
	creator := to
	to.CreateTopics = nil
	pipe, err := on.pipeline("topic", to, nil)
	if err != nil {
		return err
	}
	if err := logThousand(ctx, pipe); err != nil {
		return err
	}
	held := heldBack(ctx, pipe, "Unknown Topic")
	if err := errors.Join(held, kafkaProbe(ctx, creator), pipe.close(ctx, true)); err != nil {
		return err
	}
	return wantAll(ctx, on)
}

// kafkaProbe lets a transport make its topic.
func kafkaProbe(ctx context.Context, d slogkafka.Destination) error {
	tr, err := d.Open()
	if err != nil {
		return err
	}
	// Right after its creation a topic may not be everywhere yet.
	var said error
	err = poll(ctx, func() bool {
		said = tr.(transport.Prober).Probe(ctx)
		return said == nil
	})
	if err != nil {
		err = errors.Join(err, said)
	}
	return errors.Join(err, tr.Close())
}

// kafkaTooLarge: the topic takes batches of 64 KiB, below what is sent, and one
// record is larger than that alone. That one is in the dead letter with the
// broker's answer, and all others arrive, in order.
func kafkaTooLarge(ctx context.Context, on *stage) error {
	to := kafkaAt(on.server.life.at)
	to.CreateTopics = &slogkafka.NewTopic{Partitions: 1, Configs: map[string]string{"max.message.bytes": "65536"}}
	pipe, err := on.pipeline("large", to, nil)
	if err != nil {
		return err
	}
	for i := range relpSceneRecords {
		err := logNumbered(ctx, pipe, i)
		if err == nil && i == relpSceneRecords/2 {
			err = pipe.log(ctx, slog.Int("producer", 0), slog.String("noise", noise(100<<10)))
		}
		if err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	err = pipe.handler.Flush(ctx)
	stats := pipe.handler.Stats().Routes[0]
	if err := errors.Join(err, pipe.close(ctx, true)); err != nil {
		return err
	}
	dead, err := deadLetters(filepath.Join(on.dir, "buffer", "large"))
	switch {
	case err != nil:
		return err
	case stats.Delivered != relpSceneRecords || stats.Dead != 1:
		return fmt.Errorf("%d delivered, %d dead: %w", stats.Delivered, stats.Dead, errScene)
	case !strings.Contains(dead, "Message Size Too Large"):
		return fmt.Errorf("dead letter %.300q: %w", dead, errScene)
	}
	return wantAll(ctx, on)
}

// noise is text that no compression makes much smaller.
func noise(size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('!' + rand.IntN(90))
	}
	return string(b)
}

// kafkaStranger: a wrong password and a wrong host name deliver nothing, lose
// nothing, and are told without the password. The right password in the same
// file is taken up without a restart; the right name needs one.
func kafkaStranger(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		const wrong = "n0t-th1s-0ne"
		file := filepath.Join(on.dir, "password")
		if err := os.WriteFile(file, []byte(wrong+"\n"), 0o600); err != nil {
			return err
		}
		to := kafkaSecureAt(on.server.life.at, good, file)
		misled := to
		misled.TLS = &tlsconfig.Options{CAFile: good.ca, ServerName: "kafka.example"}
		pipe, err := on.pipeline("stranger", misled, nil)
		if err != nil {
			return err
		}
		if err := logThousand(ctx, pipe); err != nil {
			return err
		}
		misledErr := heldBack(ctx, pipe, "kafka.example")
		if err := closeEarly(ctx, pipe); err != nil || misledErr != nil {
			return errors.Join(misledErr, err)
		}
		if pipe, err = on.pipeline("stranger", to, nil); err != nil {
			return err
		}
		refused := heldBack(ctx, pipe, "SASL Authentication Failed")
		if said := pipe.handler.Stats().Routes[0].LastError; strings.Contains(said, wrong) {
			refused = errors.Join(refused, fmt.Errorf("the error shows the password: %q: %w", said, errScene))
		}
		right := os.WriteFile(file, []byte(kafkaPassword+"\n"), 0o600)
		if err := errors.Join(refused, right, pipe.close(ctx, true)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// kafkaSecureAt shows the password of a file over TLS.
func kafkaSecureAt(at place, good *pki, file string) slogkafka.Destination {
	to := kafkaAt(at)
	to.Brokers = []string{at.addrs[kafkaSecure]}
	to.TLS = &tlsconfig.Options{CAFile: good.ca}
	to.SASL = &slogkafka.SASL{Username: kafkaUser, PasswordFile: file}
	return to
}

// kafkaRotated: the broker comes back with another certificate of the same
// authority, in the middle of records.
func kafkaRotated(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		file := filepath.Join(on.dir, "password")
		if err := os.WriteFile(file, []byte(kafkaPassword), 0o600); err != nil {
			return err
		}
		to := kafkaSecureAt(on.server.life.at, good, file)
		to.SASL.Mechanism = slogkafka.Plain
		pipe, err := on.pipeline("rotated", to, nil)
		if err != nil {
			return err
		}
		for i := range relpSceneRecords {
			err := logNumbered(ctx, pipe, i)
			if err == nil && i == relpSceneRecords/2 {
				on.server.kill()
				_, err = good.issue("server")
				err = errors.Join(err, on.server.start(ctx))
			}
			if err != nil {
				return errors.Join(err, pipe.close(ctx, false))
			}
		}
		if err := pipe.close(ctx, true); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// kafkaVersions: what version 1 of a service has left in its buffer, because the
// broker was away, is shipped by version 2 and still says version 1.
func kafkaVersions(ctx context.Context, on *stage) error {
	to := kafkaAt(on.server.life.at)
	to.Encoder = encode.ECS{}
	if err := twoVersions(ctx, on, to, logThousand, logLast); err != nil {
		return err
	}
	at, seen := on.server.life.at, map[string]int{}
	defer on.server.kill()
	err := kafkaRead(ctx, at, func(row map[string]any) {
		for _, v := range []string{"1.0.0", "2.0.0"} {
			if value, _ := row["value"].(string); strings.Contains(value, `"service.version":"`+v+`"`) || strings.Contains(value, `"version":"`+v+`"`) {
				seen[v]++
			}
		}
	})
	return wantVersions(seen, err)
}

// kafkaThree: a cluster of three brokers, three copies of each message, two of
// which have to be there. One broker after the other is killed while records
// flow, and comes back when all are delivered: nothing waits for it, and nothing
// is lost or out of order.
func kafkaThree(ctx context.Context, on *stage) error {
	on.server.kill() // the stage's own broker is none of the three
	nodes, err := kafkaCluster(on.dir, 3)
	if err != nil {
		return err
	}
	defer func() {
		for _, n := range nodes {
			n.kill()
		}
	}()
	if err := startAll(ctx, nodes); err != nil {
		return err
	}
	to := kafkaAt(nodes[0].life.at)
	to.Brokers = append(to.Brokers, nodes[1].addrs[kafkaPlain], nodes[2].addrs[kafkaPlain])
	to.CreateTopics = &slogkafka.NewTopic{Partitions: 6, Replicas: 3, Configs: map[string]string{"min.insync.replicas": "2"}}
	pipe, err := on.pipeline("three", to, nil)
	if err != nil {
		return err
	}
	l := newLoad(pipe.log, 2*kafkaRound, pause)
	logged := make(chan error, 1)
	go func() { logged <- l.run(ctx, producers) }()
	err = errors.Join(killOne(ctx, nodes[2], pipe, l), killOne(ctx, nodes[1], pipe, l))
	if err := errors.Join(err, <-logged, pipe.close(ctx, true)); err != nil {
		return err
	}
	j := newJudge(producers, 2*kafkaRound)
	if err := kafkaRead(ctx, nodes[0].life.at, func(row map[string]any) { j.take(parseValue(row)) }); err != nil {
		return err
	}
	if v := j.sentence(); v.lost > 0 || v.faults() != nil {
		return fmt.Errorf("%d records lost: %w", v.lost, v.faults())
	}
	return nil
}

// kafkaRound is what each producer logs around the death of one broker.
const kafkaRound = 250

// killOne kills a broker in the middle of a round, waits until the two others
// have all of it, and starts it again.
func killOne(ctx context.Context, node *server, pipe *pipeline, l *load) error {
	before := pipe.handler.Stats().Routes[0].Delivered
	l.allow(kafkaRound)
	flowing := poll(ctx, func() bool {
		return pipe.handler.Stats().Routes[0].Delivered > before+producers*kafkaRound/4
	})
	node.kill()
	all := poll(ctx, func() bool {
		return pipe.handler.Stats().Routes[0].Delivered >= before+producers*kafkaRound
	})
	return errors.Join(flowing, all, node.start(ctx))
}

// kafkaCluster makes n brokers that know of each other. It starts none.
func kafkaCluster(dir string, n int) ([]*server, error) {
	var nodes []*server
	voters := func() (string, int) {
		var all []string
		for i, s := range nodes {
			all = append(all, fmt.Sprintf("%d@%s", i+1, s.addrs[kafkaQuorum]))
		}
		return strings.Join(all, ","), n
	}
	for i := range n {
		s, err := newServer(kafkaNode{id: i + 1, voters: voters}.setup(parseValue), filepath.Join(dir, fmt.Sprintf("broker%d", i+1)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, s)
	}
	return nodes, nil
}

// startAll starts them side by side: a broker is not ready before most
// controllers are.
func startAll(ctx context.Context, nodes []*server) error {
	errs := make(chan error, len(nodes))
	for _, n := range nodes {
		go func() { errs <- n.start(ctx) }()
	}
	var all []error
	for range nodes {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
