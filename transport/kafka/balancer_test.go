package kafka

import (
	"slices"
	"strconv"
	"testing"
)

func newTopic(leaders ...int32) *topic {
	t := &topic{name: "logs", limit: DefaultMaxBatchBytes}
	for i, leader := range leaders {
		t.partitions, t.indices = append(t.partitions, partition{leader: leader}), append(t.indices, i)
	}
	return t
}

func led(p *partition) bool { return p.leader != noBroker }

func choices(t *topic, b Balancer, key []byte, sizes ...int) (all []int) {
	for _, size := range sizes {
		all = append(all, t.balance(b, key, size, led))
	}
	return all
}

func TestBalance(t *testing.T) {
	for _, c := range []struct {
		name    string
		b       Balancer
		leaders []int32
		sizes   []int
		want    []int
	}{
		{"the least filled", LeastBytes, []int32{1, 2, 3}, []int{10, 5, 1, 1, 1, 1, 1, 1, 1}, []int{0, 1, 2, 2, 2, 2, 2, 1, 2}},
		{"the least filled that is up", LeastBytes, []int32{1, noBroker, 3}, []int{10, 5, 1, 1}, []int{0, 2, 2, 2}},
		{"none is up", LeastBytes, []int32{noBroker, noBroker}, []int{10, 5, 1}, []int{0, 1, 1}},
		{"no key", Hash, []int32{1, 2}, []int{10, 5, 1}, []int{0, 1, 1}},
		{"in turn", RoundRobin, []int32{1, 2, 3}, []int{9, 1, 1, 1}, []int{0, 1, 2, 0}},
		{"in turn, those that are up", RoundRobin, []int32{1, noBroker, 3}, []int{9, 1, 1, 1}, []int{0, 2, 0, 2}},
		{"in turn, none is up", RoundRobin, []int32{noBroker, noBroker}, []int{1, 1, 1}, []int{0, 1, 0}},
		{"one for all", Sticky, []int32{1, 2}, []int{9, 1, 1}, []int{0, 0, 0}},
		{"one that is up", Sticky, []int32{noBroker, 2}, []int{9, 1, 1}, []int{1, 1, 1}},
	} {
		if got := choices(newTopic(c.leaders...), c.b, nil, c.sizes...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The hash is the one of Java's client, by the vectors of its own test
// (UtilsTest.testMurmur2), and does not ask who is up.
func TestHash(t *testing.T) {
	const n = 1000
	topic := newTopic(slices.Repeat([]int32{noBroker}, n)...)
	for key, murmur := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		want := int(murmur&0x7fffffff) % n
		if got := topic.balance(Hash, []byte(key), 1, led); got != want {
			t.Errorf("%q goes to %d, want %d", key, got, want)
		}
	}
}

// A partition that is new begins like the least filled old one.
func TestNewPartition(t *testing.T) {
	c := cluster{topics: map[string]*topic{"logs": newTopic(1, 1)}}
	known := c.topics["logs"]
	known.partitions[0].bytes, known.partitions[1].bytes = 500, 300
	answer := topicAnswer{name: "logs"}
	for _, i := range []int32{2, 0, 1} {
		answer.partitions = append(answer.partitions, partitionAnswer{index: i, leader: i})
	}
	c.learnTopic(&answer)
	for i, want := range []partition{{0, 500}, {1, 300}, {2, 300}} {
		if known.partitions[i] != want {
			t.Errorf("partition %d is %+v, want %+v", i, known.partitions[i], want)
		}
	}
	if known.err != nil || len(known.indices) != 3 {
		t.Errorf("error %v, %d indices", known.err, len(known.indices))
	}
	answer.partitions = answer.partitions[:2] // 0 and 1 become 0 and 2
	answer.partitions[1].index = 2
	if c.learnTopic(&answer); known.err == nil {
		t.Error("a gap among the partitions was taken")
	}
}

func TestNames(t *testing.T) {
	for i, want := range []string{"LeastBytes", "Hash", "RoundRobin", "Sticky", "Balancer(4)"} {
		if got := Balancer(i).String(); got != want {
			t.Errorf("Balancer %d is %s", i, got)
		}
	}
	for i, want := range []string{"Snappy", "Lz4", "Zstd", "Gzip", "Uncompressed", "Compression(5)"} {
		if got := Compression(i).String(); got != want {
			t.Errorf("Compression %d is %s", i, got)
		}
	}
	if got := Mechanism(3).String(); got != "Mechanism(3)" {
		t.Errorf("Mechanism 3 is %s", got)
	}
}

// pins are bounded and forget.
func TestPins(t *testing.T) {
	var p pins
	here := newTopic(1, 1, 1)
	m := message{topic: here, id: [16]byte{1}}
	p.set(m.id, pin{here, 2})
	if at, ok := p.get(&m); !ok || at != 2 {
		t.Errorf("got %d, %v", at, ok)
	}
	here.partitions = here.partitions[:2] // created anew, smaller
	if _, ok := p.get(&m); ok {
		t.Error("a partition that has gone is still asked for")
	}
	if _, ok := p.get(&message{topic: newTopic(1, 1, 1), id: m.id}); ok {
		t.Error("another topic is still asked for")
	}
	p.remove(m.id)
	for i := range 3 * mostPins {
		p.set([16]byte([]byte(strconv.Itoa(i+1e15)+"0123456789")), pin{here, 1})
	}
	if len(p) > mostPins {
		t.Errorf("%d are remembered", len(p))
	}
}
