package kafka

import (
	"encoding/binary"
	"errors"
)

// ErrAnswer: what came is no answer of a Kafka broker to what was asked.
var ErrAnswer = errors.New("not an answer of a Kafka broker")

// answer reads a broker's answer (https://kafka.apache.org/protocol). kafka-go
// has a decoder, too, but that one believes the lengths of arrays: eight bytes
// of whatever listens at the port could ask for gigabytes. This one allocates no
// more than a small multiple of what has come.
type answer struct {
	rest []byte
	bad  bool // something was missing
}

// take returns the next n bytes, or zeros if there are fewer.
func (a *answer) take(n int) []byte {
	if n < 0 || n > len(a.rest) {
		a.bad, a.rest = true, nil
		return make([]byte, min(max(n, 0), 8))
	}
	taken := a.rest[:n]
	a.rest = a.rest[n:]
	return taken
}

func (a *answer) bool() bool   { return a.take(1)[0] != 0 }
func (a *answer) int16() int16 { return int16(binary.BigEndian.Uint16(a.take(2))) }
func (a *answer) int32() int32 { return int32(binary.BigEndian.Uint32(a.take(4))) }
func (a *answer) int64() int64 { return int64(binary.BigEndian.Uint64(a.take(8))) }

// string reads a text that may be null.
func (a *answer) string() string {
	n := int(a.int16())
	if n <= 0 {
		return ""
	}
	if n > len(a.rest) {
		a.bad, a.rest = true, nil
		return ""
	}
	return string(a.take(n))
}

// bytes reads bytes that may be null.
func (a *answer) bytes() []byte {
	n := int(a.int32())
	if n <= 0 {
		return nil
	}
	if n > len(a.rest) {
		a.bad, a.rest = true, nil
		return nil
	}
	return a.take(n)
}

// array reads how many elements follow, of at least so many bytes each.
func (a *answer) array(least int) int {
	n := int(a.int32())
	if n <= 0 {
		return 0
	}
	if n > len(a.rest)/least {
		a.bad, a.rest = true, nil
		return 0
	}
	return n
}

// skipInts skips an array of 32-bit numbers.
func (a *answer) skipInts() { a.take(4 * a.array(4)) }

func (a *answer) err() error {
	if a.bad {
		return ErrAnswer
	}
	return nil
}

// span is the versions of a request that a broker knows.
type span struct{ least, most int16 }

// versionsAnswer is ApiVersions, version 0: request by request.
func versionsAnswer(a *answer) (code int16, versions map[int16]span) {
	code = a.int16()
	versions = make(map[int16]span)
	for range a.array(6) {
		key := a.int16()
		versions[key] = span{a.int16(), a.int16()}
	}
	return code, versions
}

// clusterAnswer is Metadata, version 4.
type clusterAnswer struct {
	brokers    []brokerAnswer
	controller int32
	topics     []topicAnswer
}

type brokerAnswer struct {
	id   int32
	host string
	port int32
}

type topicAnswer struct {
	code       int16
	name       string
	partitions []partitionAnswer
}

type partitionAnswer struct {
	code          int16
	index, leader int32
}

func metadataAnswer(a *answer) (m clusterAnswer) {
	a.int32() // throttle time
	for range a.array(12) {
		m.brokers = append(m.brokers, brokerAnswer{a.int32(), a.string(), a.int32()})
		a.string() // rack
	}
	a.string() // cluster id
	m.controller = a.int32()
	for range a.array(9) {
		t := topicAnswer{code: a.int16(), name: a.string()}
		a.bool() // internal
		for range a.array(18) {
			t.partitions = append(t.partitions, partitionAnswer{a.int16(), a.int32(), a.int32()})
			a.skipInts() // replicas
			a.skipInts() // those in sync
		}
		m.topics = append(m.topics, t)
	}
	return m
}

// createAnswer is CreateTopics, versions 2 to 4, of one topic.
func createAnswer(a *answer) (code int16, message string) {
	a.int32() // throttle time
	for range a.array(6) {
		a.string()
		code, message = a.int16(), a.string()
	}
	return code, message
}

// producedAnswer is a partition's part of Produce.
type producedAnswer struct {
	topic     string
	partition int32
	code      int16
	message   string
	records   []refusedRecord
}

type refusedRecord struct {
	index   int32
	message string
}

// produceAnswer is Produce, versions 3 to 8.
func produceAnswer(a *answer, version int16) (all []producedAnswer) {
	for range a.array(6) {
		topic := a.string()
		for range a.array(22) {
			p := producedAnswer{topic: topic, partition: a.int32(), code: a.int16()}
			a.int64() // offset
			a.int64() // time of append
			if version >= 5 {
				a.int64() // offset of the log's start
			}
			if version >= 8 {
				for range a.array(6) {
					p.records = append(p.records, refusedRecord{a.int32(), a.string()})
				}
				p.message = a.string()
			}
			all = append(all, p)
		}
	}
	return all
}

// authAnswer is SaslAuthenticate, versions 0 and 1.
type authAnswer struct {
	code      int16
	message   string
	challenge []byte
	lifetime  int64 // milliseconds; 0: no end
}

func authenticateAnswer(a *answer, version int16) (r authAnswer) {
	r = authAnswer{code: a.int16(), message: a.string(), challenge: a.bytes()}
	if version >= 1 {
		r.lifetime = a.int64()
	}
	return r
}
