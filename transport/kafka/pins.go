package kafka

import "github.com/slogship/slogship/encode"

// mostPins bounds the memory: 2 MiB.
const mostPins = 2 * mostRecords / 4

// pins remember where messages went that a broker may have stored although Send
// failed. The next attempt takes the same partition whatever the balancer says,
// so that the two copies meet there and one consumer sees both. It is forgotten
// with the process.
type pins map[encode.ID]pin

type pin struct {
	topic     *topic
	partition int
}

func (p *pins) set(id encode.ID, at pin) {
	if *p == nil || len(*p) >= mostPins {
		*p = make(pins)
	}
	(*p)[id] = at
}

// get returns where a message has to go.
func (p pins) get(m *message) (partition int, ok bool) {
	at, ok := p[m.id]
	return at.partition, ok && at.topic == m.topic && at.partition < len(m.topic.partitions) && !m.id.IsZero()
}

func (p pins) remove(id encode.ID) {
	if len(p) > 0 {
		delete(p, id)
	}
}
