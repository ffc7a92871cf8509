package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// errUnnamed: the metadata do not speak of a topic that was asked for. Each topic
// begins with it, so that one without an error has partitions.
var errUnnamed = fmt.Errorf("the metadata do not name it: %w", ErrAnswer)

// topic is what is known of one topic. It is guarded by the sender's lock.
type topic struct {
	name       string
	err        error       // why there is nothing else; nil if there is
	partitions []partition // by number
	indices    []int       // 0, 1, 2, … as many as there are partitions
	turn       int         // RoundRobin's and Sticky's next
	limit      int         // the most bytes of a record batch, less than MaxBatchBytes once one was refused
}

// partition is one of a topic.
type partition struct {
	leader int32  // noBroker: none
	bytes  uint64 // LeastBytes has sent
}

// cluster is what is known of the brokers. It is guarded by the sender's lock.
type cluster struct {
	dest    *Destination      // with defaults; never changed
	tls     *tlsconfig.Client // nil: plain TCP
	conns   *conns
	seed    *broker
	brokers map[int32]*broker
	topics  map[string]*topic // all of the router's
	control *broker           // takes requests to create topics; nil: any does
	asked   time.Time         // when the last answer came; zero: ask before the next Send
}

// leader returns the broker of a partition, nil if there is none.
func (c *cluster) leader(p *partition) *broker {
	if p.leader == noBroker {
		return nil
	}
	return c.brokers[p.leader]
}

// refresh asks for the metadata if they are old, or an error has shown that they
// are wrong, or a topic in use is not there.
func (c *cluster) refresh(ctx context.Context, used []*topic) error {
	if c.asked.IsZero() || time.Since(c.asked) > c.dest.MetadataAge || slices.ContainsFunc(used, func(t *topic) bool { return t.err != nil }) {
		if err := c.ask(ctx); err != nil {
			return err
		}
	}
	if c.dest.CreateTopics == nil {
		return nil
	}
	created := false
	for _, t := range used {
		if errors.Is(t.err, kafkago.UnknownTopicOrPartition) {
			if err := c.create(ctx, t.name); err != nil {
				t.err = err
			} else {
				created = true
			}
		}
	}
	if created {
		return c.ask(ctx)
	}
	return nil
}

// stale makes the next Send ask for the metadata.
func (c *cluster) stale() { c.asked = time.Time{} }

// ask gets the metadata from the seed, or from a broker that is known if none of
// the configured ones answers: they may have been replaced one by one.
func (c *cluster) ask(ctx context.Context) error {
	sources := []*broker{c.seed}
	for _, b := range c.brokers {
		if b.reachable() && b.conn != nil {
			sources = append(sources, b)
		}
	}
	var reasons []error
	for _, b := range sources {
		err := c.with(ctx, b, c.askOne)
		if err == nil {
			return nil
		}
		if reasons = append(reasons, err); ctx.Err() != nil {
			break
		}
	}
	return errors.Join(reasons...)
}

func (c *cluster) askOne(k *conn) error {
	version, err := k.version(protocol.Metadata, 4, 4)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(c.topics))
	for name := range c.topics {
		names = append(names, name)
	}
	a, err := k.exchange(version, &metadata.Request{TopicNames: names})
	if err != nil {
		return err
	}
	m := metadataAnswer(a)
	if err := a.err(); err != nil {
		return err
	}
	if err := c.learnBrokers(m.brokers); err != nil {
		return err
	}
	c.control = c.brokers[m.controller]
	for _, t := range c.topics {
		t.err = fmt.Errorf("topic %q: %w", t.name, errUnnamed)
		t.limit = c.dest.MaxBatchBytes // the topic's own may have been raised
	}
	for i := range m.topics {
		c.learnTopic(&m.topics[i])
	}
	c.asked = time.Now()
	return nil
}

// learnBrokers takes over where the brokers are. One that has moved loses its
// connection. An address that is none is an error for all of it, and not for that
// broker alone: whatever says so is not to be believed about leaders either.
func (c *cluster) learnBrokers(all []brokerAnswer) error {
	known := make(map[int32]*broker, len(all))
	for _, b := range all {
		addr := net.JoinHostPort(b.host, strconv.Itoa(int(b.port)))
		if old := c.brokers[b.id]; old != nil && old.addr == addr {
			known[b.id] = old
			continue
		}
		hosts, err := ackconn.ParseHosts([]string{addr}, c.dest.Resolver)
		if err != nil {
			return fmt.Errorf("%w: broker %d: %w", ErrAnswer, b.id, err)
		}
		added := &broker{id: b.id, addr: addr}
		added.dialer.Hosts = hosts
		c.prepare(added)
		known[b.id] = added
	}
	for id, b := range c.brokers {
		if known[id] != b {
			c.drop(b)
		}
	}
	c.brokers = known
	return nil
}

// learnTopic takes over partitions and leaders. A new partition begins with as
// many bytes as the least filled old one: with none it would get everything
// until it has caught up with years.
func (c *cluster) learnTopic(m *topicAnswer) {
	t := c.topics[m.name]
	if t == nil {
		return
	}
	t.err = refusal(m.code, m.name, -1, "")
	if t.err == nil && len(m.partitions) == 0 {
		t.err = fmt.Errorf("topic %q: %w", m.name, ErrNoLeader)
	}
	if t.err != nil {
		return
	}
	slices.SortFunc(m.partitions, func(a, b partitionAnswer) int { return int(a.index) - int(b.index) })
	least := uint64(0)
	for i, p := range t.partitions {
		if i == 0 || p.bytes < least {
			least = p.bytes
		}
	}
	learned, indices := make([]partition, len(m.partitions)), make([]int, len(m.partitions))
	for i, p := range m.partitions {
		if int(p.index) != i {
			t.err = fmt.Errorf("topic %q: partition %d is missing: %w", m.name, i, ErrAnswer)
			return
		}
		learned[i], indices[i] = partition{leader: p.leader, bytes: least}, i
		if i < len(t.partitions) {
			learned[i].bytes = t.partitions[i].bytes
		}
	}
	t.partitions, t.indices = learned, indices
}

// create creates a topic: at the controller, or with KRaft at a broker that
// passes it on and calls itself the controller. That it is there already is fine: other processes
// start at the same time.
func (c *cluster) create(ctx context.Context, name string) error {
	spec := c.dest.CreateTopics
	topic := createtopics.RequestTopic{Name: name, NumPartitions: -1, ReplicationFactor: -1}
	if spec.Partitions > 0 {
		topic.NumPartitions = int32(spec.Partitions)
	}
	if spec.Replicas > 0 {
		topic.ReplicationFactor = int16(spec.Replicas)
	}
	for key, value := range spec.Configs {
		topic.Configs = append(topic.Configs, createtopics.RequestConfig{Name: key, Value: value})
	}
	err := c.with(ctx, cmp.Or(c.control, c.seed), func(k *conn) error {
		// Version 4 is the first that knows the broker's defaults (-1).
		version, err := k.version(protocol.CreateTopics, 2, 4)
		if err != nil {
			return err
		}
		a, err := k.exchange(version, &createtopics.Request{
			Topics: []createtopics.RequestTopic{topic}, TimeoutMs: patience(ctx, c.dest.AnswerTimeout),
		})
		if err != nil {
			return err
		}
		code, message := createAnswer(a)
		return errors.Join(a.err(), refusal(code, name, -1, message))
	})
	if errors.Is(err, kafkago.TopicAlreadyExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create topic %q: %w", name, err)
	}
	return nil
}

// patience is how long a broker is asked to take at most, in milliseconds: less
// than we wait, so that its answer comes in time.
func patience(ctx context.Context, limit time.Duration) int32 {
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end))
	}
	return int32(max(limit*3/4/time.Millisecond, 1))
}
