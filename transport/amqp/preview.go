package amqp

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns the body of rec's message.
func (t *sender) Preview(rec *encode.Record) ([]byte, error) {
	return t.dest.Encoder.AppendRecord(nil, rec)
}
