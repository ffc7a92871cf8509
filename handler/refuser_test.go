package handler_test

import (
	"context"
	"errors"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

type refuser struct {
	transport.Transport
	msg string
}

func (r refuser) Send(ctx context.Context, recs []encode.Record) error {
	for i := range recs {
		if recs[i].Message == r.msg {
			return transport.Permanent(errors.New("refused"))
		}
	}
	return r.Transport.Send(ctx, recs)
}
