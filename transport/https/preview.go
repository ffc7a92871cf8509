package https

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*client)(nil)

// Preview returns the body of a request with rec alone.
func (c *client) Preview(rec *encode.Record) ([]byte, error) {
	answers := transport.AnswersFor(1)
	body, _ := c.dest.Format.appendBatch(nil, c.dest.Encoder, []encode.Record{*rec}, &answers)
	if err := answers.At(0); err != nil {
		return nil, err
	}
	return body, nil
}
