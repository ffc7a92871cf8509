package tcp

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*stream)(nil)

// Preview returns rec's frame.
func (t *stream) Preview(rec *encode.Record) ([]byte, error) {
	return t.dest.Framing.appendFrame(nil, t.dest.Encoder, rec)
}
