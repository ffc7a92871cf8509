package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/transporttest"
)

// The answer to a batch that was stored is lost, again and again (T27). Each
// message is sent again to the partition that has its first copy, whatever the
// balancer: a consumer of that partition sees both, and without what came before
// the order is kept.
func TestLostAnswers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, b := range []kafka.Balancer{kafka.LeastBytes, kafka.Hash, kafka.RoundRobin, kafka.Sticky} {
		t.Run(b.String(), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, uint64(b)))
			f, cluster := newFront(t, nil, kfake.SeedTopics(5, "logs"))
			tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Balancer: b, KeyAttr: "key"})
			var lose atomic.Bool
			f.onAnswer(func(key int16, answer []byte) []byte {
				if key == 0 && lose.Swap(false) {
					return nil
				}
				return answer
			})
			const rounds, size = 20, 25
			messages := numberedTo(rounds * size)
			recs := keyed(recordsOf(messages...), func(i int) string { return fmt.Sprint(i % 7) })
			lost := 0
			for batch := range slices.Chunk(recs, size) {
				if rng.IntN(2) == 0 {
					lose.Store(true)
					wantPlain(t, tr.Send(within(t), batch), size)
					lost++
				}
				send(t, tr, batch)
			}
			got := consume(t, cluster.ListenAddrs()[0], "logs", (rounds+lost)*size)
			where, keys := map[string]int32{}, map[string]string{}
			for _, r := range got {
				value, key := string(r.Value), string(r.Key)
				if at, ok := where[value]; ok {
					if at != r.Partition {
						t.Errorf("%s is in partitions %d and %d", value, at, r.Partition)
					}
					continue // a consumer drops it
				}
				where[value] = r.Partition
				if b == kafka.Hash {
					if value < keys[key] {
						t.Errorf("key %s: %s came after %s", key, value, keys[key])
					}
					keys[key] = value
				}
			}
			if len(where) != rounds*size {
				t.Errorf("%d of %d messages are there", len(where), rounds*size)
			}
		})
	}
}

// A leader that moves is found by the Send after the one that has met it.
func TestLeaderMoves(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(3, "logs"))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), Balancer: kafka.RoundRobin})
	send(t, tr, recordsOf(numberedTo(6)...))
	total := 6
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for move := range 6 {
		partition := int32(move % 3)
		if err := cluster.MoveTopicPartition("logs", partition, int32(rng.IntN(3))); err != nil {
			t.Fatal(err)
		}
		recs := recordsOf(numberedTo(6)...)
		if err := tr.Send(within(t), recs); err != nil {
			batch := transport.Classify(err, 6).Batch
			if batch == nil {
				t.Fatalf("want the answers of two leaders, got %v", err)
			}
			var left []encode.Record
			for i, child := range batch.Errs {
				if child != nil {
					left = append(left, recs[i])
				}
			}
			send(t, tr, left)
		}
		total += 6
	}
	for partition, values := range byPartition(consume(t, cluster.ListenAddrs()[0], "logs", total)) {
		if len(values) < 2 {
			t.Errorf("partition %d has %d messages", partition, len(values))
		}
	}
}

// A topic that is not there is plain, also when it is created later by somebody
// else; CreateTopics makes it.
func TestMissingTopic(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(2), kfake.DefaultNumPartitions(2))
	d := kafka.Destination{Brokers: cluster.ListenAddrs()}
	waits := open(t, d)
	wantPlain(t, waits.Send(within(t), recordsOf("one")), 1)
	if err := waits.(transport.Prober).Probe(within(t)); err == nil {
		t.Error("Probe without the topic returned nil")
	}
	d.CreateTopics = &kafka.NewTopic{Partitions: 7, Replicas: 1, Configs: map[string]string{"retention.ms": "1000000"}}
	send(t, open(t, d), recordsOf("two"))
	send(t, waits, recordsOf("one"))
	consume(t, cluster.ListenAddrs()[0], "logs", 2)
	if info := cluster.TopicInfo("logs"); info == nil || info.NumReplicas != 1 {
		t.Errorf("the topic is %+v", info)
	}
	if cluster.PartitionInfo("logs", 6) == nil || cluster.PartitionInfo("logs", 7) != nil {
		t.Error("the topic has not 7 partitions")
	}
}

// The broker of the metadata is gone: another of Brokers answers, and when none
// does, one that is known.
func TestSeedDies(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{nobody.Addr().String(), cluster.ListenAddrs()[0]}, MetadataAge: time.Nanosecond})
	for range 5 {
		send(t, tr, recordsOf("one"))
	}
}

// Once the cluster is known, none of Brokers has to live.
func TestAllSeedsDie(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	var p transporttest.Peer
	seed := transporttest.ServeTCP(t, &p, func(client net.Conn) {
		broker, err := net.Dial("tcp", cluster.ListenAddrs()[0])
		if err != nil {
			return
		}
		defer broker.Close()
		go func() {
			io.Copy(client, broker) // ends with either connection, at the latest when the test ends
			client.Close()
		}()
		io.Copy(broker, client)
	})
	tr := open(t, kafka.Destination{Brokers: []string{seed}, MetadataAge: time.Nanosecond})
	send(t, tr, recordsOf("one"))
	p.Kill()
	send(t, tr, recordsOf("two"))
	consume(t, cluster.ListenAddrs()[0], "logs", 2)
}

// Metadata that do not make sense are plain errors, and forgotten with the next.
func TestOddMetadata(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(2, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, MetadataAge: time.Nanosecond})
	for name, change := range map[string]func(*kmsg.MetadataResponse){
		"no topic":      func(m *kmsg.MetadataResponse) { m.Topics = nil },
		"no partitions": func(m *kmsg.MetadataResponse) { m.Topics[0].Partitions = nil },
		"a gap":         func(m *kmsg.MetadataResponse) { m.Topics[0].Partitions[0].Partition = 7 },
		"no leader": func(m *kmsg.MetadataResponse) {
			m.Topics[0].Partitions[0].Leader, m.Topics[0].Partitions[1].Leader = -1, -1
		},
		"no brokers": func(m *kmsg.MetadataResponse) { m.Brokers = nil },
		"no host":    func(m *kmsg.MetadataResponse) { m.Brokers[0].Host = "" },
	} {
		f.onAnswer(func(key int16, answer []byte) []byte {
			if key != 3 {
				return answer
			}
			m := kmsg.NewPtrMetadataResponse()
			m.SetVersion(4)
			if err := m.ReadFrom(answer[8:]); err != nil {
				panic(err)
			}
			change(m)
			return frame(m.AppendTo(answer[4:8:8]))
		})
		err := tr.Send(within(t), recordsOf("one", "two"))
		if t.Log(name, err); err == nil {
			t.Errorf("%s: Send returned nil", name)
			continue
		}
		wantPlain(t, err, 2)
		f.onAnswer(nil)
		send(t, tr, recordsOf("one"))
	}
}

// An unused connection is replaced without an error, and a broker that says
// nothing is given up in time.
func TestSilence(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, IdleTimeout: time.Nanosecond})
	send(t, tr, recordsOf("one"))
	send(t, tr, recordsOf("two"))
	var asked atomic.Bool
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	f.onRequest(func(key int16, _ []byte) []byte {
		if key == 0 {
			asked.Store(true)
			<-release
		}
		return nil
	})
	impatient := open(t, kafka.Destination{Brokers: []string{f.addr}, AnswerTimeout: 200 * time.Millisecond})
	for range 20 {
		began := time.Now()
		wantPlain(t, impatient.Send(within(t), recordsOf("three")), 1)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("a silent broker was waited for %v", took)
		}
		if asked.Load() {
			return
		}
		// On a busy machine the metadata may be late as well.
	}
	t.Error("the records were never asked to be taken")
}

// Close ends a Send that is stuck.
func TestCloseWhileSending(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}})
	stuck, release := make(chan struct{}), make(chan struct{})
	f.onRequest(func(key int16, _ []byte) []byte {
		if key == 0 {
			close(stuck)
			<-release
		}
		return nil
	})
	t.Cleanup(func() { close(release) })
	sent := make(chan error, 1)
	go func() { sent <- tr.Send(context.Background(), recordsOf("one")) }()
	<-stuck
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if err := <-sent; err == nil {
		t.Error("a Send that was cut off returned nil")
	}
	if err := tr.Send(within(t), recordsOf("two")); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("want ErrClosed, got %v", err)
	}
}

// Nothing waits for a batch to fill: kafka-go's Writer would take a second for
// each of these Sends.
func TestNoWait(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs()})
	// The quickest: a busy machine may hold up any of them, a wait holds up all.
	quickest := time.Hour
	for range 20 {
		began := time.Now()
		send(t, tr, recordsOf("one"))
		quickest = min(quickest, time.Since(began))
	}
	if quickest > time.Second/2 {
		t.Errorf("the quickest Send took %v", quickest)
	}
}
