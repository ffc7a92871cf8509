package kafka

import (
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Balancer chooses the partition of a message.
type Balancer uint8

const (
	// LeastBytes, the default, fills the partition that has got the fewest bytes
	// from this transport. It passes by partitions whose broker is down.
	LeastBytes Balancer = iota

	// Hash sends all messages with one key to one partition, by the hash that
	// Java's and librdkafka's (murmur2) clients use, so the order within a key is
	// kept and a key's messages of all producers meet. They wait for a broker
	// that is down. Messages without a key go by LeastBytes.
	Hash

	// RoundRobin takes the partitions in turn, message by message, and passes by
	// those whose broker is down.
	RoundRobin

	// Sticky sends a whole batch to one partition, the next one to the next: the
	// fewest and largest requests.
	Sticky
)

// String returns the balancer's name.
func (b Balancer) String() string {
	switch b {
	case LeastBytes:
		return "LeastBytes"
	case Hash:
		return "Hash"
	case RoundRobin:
		return "RoundRobin"
	case Sticky:
		return "Sticky"
	default:
		return fmt.Sprintf("Balancer(%d)", uint8(b))
	}
}

// balance returns the index of a partition of t for a message of size bytes. t
// has at least one. up reports whether a partition may be tried now; when none
// may, they are all the same.
func (t *topic) balance(b Balancer, key []byte, size int, up func(*partition) bool) int {
	switch {
	case b == Hash && key != nil:
		return hash.Balance(kafkago.Message{Key: key}, t.indices...)
	case b == RoundRobin:
		at := t.following(up)
		t.turn = at + 1
		return at
	case b == Sticky:
		return t.following(up)
	}
	best, found := 0, false
	for i := range t.partitions {
		p := &t.partitions[i]
		if ok := up(p); ok && !found || ok == found && p.bytes < t.partitions[best].bytes {
			best, found = i, ok
		}
	}
	t.partitions[best].bytes += uint64(size)
	return best
}

// following returns the first partition from turn on that is up.
func (t *topic) following(up func(*partition) bool) int {
	n := len(t.partitions)
	for i := range n {
		if at := (t.turn + i) % n; up(&t.partitions[at]) {
			return at
		}
	}
	return t.turn % n
}

// hash is Java's DefaultPartitioner for a message with a key. It has no state.
var hash = kafkago.Murmur2Balancer{Consistent: true}
