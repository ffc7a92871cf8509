package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"

	"github.com/slogship/slogship/transport"
)

// delivery is one Send on its way: its messages sorted into lanes, and each lane
// sent batch after batch. A round sends the next batch of every lane, one
// request to each leader, and waits for all answers.
type delivery struct {
	*sender
	answers *transport.Answers
	lanes   []*lane
}

// lane is the messages of one Send for one partition, in order.
type lane struct {
	topic     *topic
	partition int
	pending   [][]int // record batches, as indices of messages
	rest      []int   // of the batch being filled
	bytes     int     // of rest
}

// balance sorts the messages into lanes. Partitions are chosen anew for each Send,
// from what is known of the brokers now, but for messages that are pinned: it is
// what lets a Send after a failed one pass by the broker that failed.
func (d *delivery) balance() {
	at := make(map[pin]*lane)
	sticky := make(map[*topic]bool)
	for i := range d.messages.all {
		m := &d.messages.all[i]
		if m.topic == nil {
			continue
		}
		if m.topic.err != nil {
			d.answers.Set(i, d.failure(m.topic.err))
			continue
		}
		size := m.size(d.dest.Encoder.ContentType())
		to := pin{m.topic, d.choose(m, size)}
		l := at[to]
		if l == nil {
			l = &lane{topic: to.topic, partition: to.partition}
			at[to], d.lanes = l, append(d.lanes, l)
		}
		l.add(i, size)
		sticky[m.topic] = true
	}
	for _, l := range d.lanes {
		l.cut()
	}
	if d.dest.Balancer == Sticky {
		for t := range sticky {
			t.turn++
		}
	}
}

// choose returns the partition of m: where an attempt before may have left it,
// or the balancer's.
func (d *delivery) choose(m *message, size int) int {
	if at, ok := d.pins.get(m); ok && d.cluster.leader(&m.topic.partitions[at]) != nil {
		return at
	}
	up := func(p *partition) bool {
		b := d.cluster.leader(p)
		return b != nil && b.reachable()
	}
	return m.topic.balance(d.dest.Balancer, m.key.text(d.messages.arena), size, up)
}

// add appends the message i. One that exceeds the limit is a batch of its own:
// compressed it may fit, and if not the broker says so.
func (l *lane) add(i, size int) {
	if l.bytes+size > l.topic.limit {
		l.cut()
	}
	l.rest, l.bytes = append(l.rest, i), l.bytes+size
}

// cut ends the batch being filled.
func (l *lane) cut() {
	if len(l.rest) > 0 {
		l.pending = append(l.pending, l.rest)
	}
	l.rest, l.bytes = nil, 0
}

// shipment is what one round sends to one leader.
type shipment struct {
	leader  *broker
	lanes   []*lane
	version int16
}

// round sends one batch of each lane. It reports false when nothing is left.
func (d *delivery) round(ctx context.Context) bool {
	var shipments []*shipment
	at := make(map[*broker]*shipment)
	for _, l := range d.lanes {
		if len(l.pending) == 0 {
			continue
		}
		leader := d.cluster.leader(&l.topic.partitions[l.partition])
		if leader == nil {
			d.fail(l, fmt.Errorf("topic %q partition %d: %w", l.topic.name, l.partition, ErrNoLeader), false)
			continue
		}
		if at[leader] == nil {
			at[leader] = &shipment{leader: leader}
			shipments = append(shipments, at[leader])
		}
		at[leader].lanes = append(at[leader].lanes, l)
	}
	// All are written before one is waited for: the brokers work side by side.
	for _, sh := range shipments {
		d.ship(ctx, sh)
	}
	for _, sh := range shipments {
		d.collect(ctx, sh)
	}
	return len(shipments) > 0
}

// ship writes the request. Where it fails, the lanes have their answers and the
// shipment is empty.
func (d *delivery) ship(ctx context.Context, sh *shipment) {
	err := d.cluster.connect(ctx, sh.leader)
	if err != nil {
		d.failAll(sh, err, false)
		return
	}
	c := sh.leader.conn
	if sh.version, err = c.version(protocol.Produce, 3, 8); err != nil {
		d.failAll(sh, err, false)
		return
	}
	request := d.request(ctx, sh.lanes)
	end := c.Begin(ctx)
	err = c.ask(sh.version, request)
	end()
	if err != nil {
		d.cluster.lose(sh.leader)
		d.failAll(sh, fmt.Errorf("send to %q: %w", sh.leader.addr, err), true)
	}
}

// request has the next batch of each lane. One batch a partition: a broker refuses
// a request with two, which is why what does not fit waits for the next round.
func (d *delivery) request(ctx context.Context, lanes []*lane) *produce.Request {
	request := &produce.Request{Acks: int16(kafkago.RequireAll), Timeout: patience(ctx, d.dest.AnswerTimeout)}
	topics := make(map[*topic]int)
	for _, l := range lanes {
		at, ok := topics[l.topic]
		if !ok {
			at = len(request.Topics)
			topics[l.topic] = at
			request.Topics = append(request.Topics, produce.RequestTopic{Topic: l.topic.name})
		}
		request.Topics[at].Partitions = append(request.Topics[at].Partitions, produce.RequestPartition{
			Partition: int32(l.partition),
			RecordSet: protocol.RecordSet{
				Attributes: d.dest.Compression.attributes(),
				Records:    &reader{messages: &d.messages, contentType: []byte(d.dest.Encoder.ContentType()), indices: l.pending[0]},
			},
		})
	}
	return request
}

// collect reads the answer and settles the lanes.
func (d *delivery) collect(ctx context.Context, sh *shipment) {
	if len(sh.lanes) == 0 {
		return
	}
	all, err := d.hear(ctx, sh)
	if err != nil {
		d.cluster.lose(sh.leader)
		d.failAll(sh, fmt.Errorf("answer of %q: %w", sh.leader.addr, err), true)
		return
	}
	sh.leader.conn.Worked()
	answered := make(map[string]*producedAnswer, len(all))
	for i := range all {
		answered[placeName(all[i].topic, int(all[i].partition))] = &all[i]
	}
	for _, l := range sh.lanes {
		a := answered[placeName(l.topic.name, l.partition)]
		if a == nil {
			d.fail(l, fmt.Errorf("topic %q partition %d is not in the answer of %q: %w", l.topic.name, l.partition, sh.leader.addr, ErrAnswer), true)
			continue
		}
		d.settle(l, a)
	}
}

// hear reads the answer of one leader.
func (d *delivery) hear(ctx context.Context, sh *shipment) ([]producedAnswer, error) {
	c := sh.leader.conn
	defer c.Begin(ctx)()
	a, err := c.hear()
	if err != nil {
		return nil, err
	}
	all := produceAnswer(a, sh.version)
	return all, a.err()
}

func placeName(topic string, partition int) string { return fmt.Sprintf("%s/%d", topic, partition) }

// settle gives the messages of a lane's batch their answers.
func (d *delivery) settle(l *lane, a *producedAnswer) {
	err := refusal(a.code, l.topic.name, l.partition, a.message)
	if err == nil {
		for _, i := range l.pending[0] {
			d.pins.remove(d.messages.all[i].id)
		}
		l.pending = l.pending[1:]
		return
	}
	switch v := judge(kafkago.Error(a.code)); {
	case v == retry:
		d.fail(l, err, uncertain(err))
	case v == guilty && slices.ContainsFunc(a.records, func(r refusedRecord) bool { return r.of(l.pending[0]) }):
		d.single(l, err, a.records)
	default:
		d.halve(l, err, v == large)
	}
}

// single condemns the records that the broker names. It has stored none of the
// batch, so the others go again.
func (d *delivery) single(l *lane, err error, refused []refusedRecord) {
	batch := l.pending[0]
	d.fail(l, err, false)
	for _, r := range refused {
		if r.of(batch) {
			named := err
			if text := printable(r.message); text != "" {
				named = fmt.Errorf("%w: %s", err, text)
			}
			d.answers.Set(batch[r.index], transport.Permanent(d.failure(named)))
		}
	}
}

// of reports whether r is one of the batch. A broker that names none that is has
// named nobody: were its word enough, the same batch would go again for ever.
func (r refusedRecord) of(batch []int) bool { return r.index >= 0 && int(r.index) < len(batch) }

// halve cuts a refused batch in two, which go in the next rounds, until the
// guilty message stands alone. The broker has stored nothing, so nothing comes
// twice. What was too large makes the topic's later batches smaller.
func (d *delivery) halve(l *lane, err error, large bool) {
	batch := l.pending[0]
	if len(batch) == 1 {
		d.pins.remove(d.messages.all[batch[0]].id)
		d.answers.Set(batch[0], transport.Permanent(d.failure(err)))
		l.pending = l.pending[1:]
		return
	}
	half := len(batch) / 2
	l.pending = append([][]int{batch[:half], batch[half:]}, l.pending[1:]...)
	if large {
		l.topic.limit = max(l.topic.limit/2, 16<<10)
	}
}

// fail gives all that a lane has left the error: what comes behind a failed
// batch must not be sent before it. If the batch may have been stored, where it
// went is remembered.
func (d *delivery) fail(l *lane, err error, maybeStored bool) {
	d.cluster.stale()
	for k, batch := range l.pending {
		shown := err
		if k > 0 {
			shown = errors.Join(errBehind, err)
		}
		for _, i := range batch {
			d.answers.Set(i, d.failure(shown))
			if k == 0 && maybeStored {
				d.pins.set(d.messages.all[i].id, pin{l.topic, l.partition})
			}
		}
	}
	l.pending = nil
}

// failAll fails every lane of a shipment and empties it.
func (d *delivery) failAll(sh *shipment, err error, maybeStored bool) {
	for _, l := range sh.lanes {
		d.fail(l, err, maybeStored)
	}
	sh.lanes = nil
}
