package udp

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns what is in rec's datagram, or in its chunks together: with a
// sender of its own, since encode writes into memory that Send has.
func (t *sender) Preview(rec *encode.Record) ([]byte, error) {
	return (&sender{dest: t.dest}).encode(rec)
}
