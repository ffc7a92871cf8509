package https

import (
	"context"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
)

// client is the transport.
type client struct {
	dest *Destination
	http *httppost.Client
}

var _ transport.Transport = (*client)(nil)

// Describe: the destination acknowledges; sizes are left to the worker's
// defaults.
func (c *client) Describe() transport.Description {
	return transport.Description{MaxInFlight: c.dest.MaxInFlight, Acknowledged: true}
}

// Send makes one request of recs.
func (c *client) Send(ctx context.Context, recs []encode.Record) error {
	answers := transport.AnswersFor(len(recs))
	_, err := c.http.Post(ctx, &httppost.Request{
		Key: httppost.IdempotencyKey(recs),
		Body: func(dst []byte) []byte {
			body, sent := c.dest.Format.appendBatch(dst, c.dest.Encoder, recs, &answers)
			if sent == 0 {
				return dst // an array has brackets even so
			}
			return body
		},
	})
	if err != nil {
		return err
	}
	return answers.Err()
}

// Close closes the connections, those of an abandoned Send with its return.
func (c *client) Close() error {
	c.http.Close()
	return nil
}
