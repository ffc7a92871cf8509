package kafka

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns the value of rec's message.
func (s *sender) Preview(rec *encode.Record) ([]byte, error) {
	return s.dest.Encoder.AppendRecord(nil, rec)
}
