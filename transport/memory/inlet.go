package memory

import (
	"context"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// inlet is one opened transport into a Sink.
type inlet struct {
	sink   *Sink
	closed atomic.Bool
}

func (in *inlet) Describe() transport.Description {
	return transport.Description{Acknowledged: true, Direct: true}
}

// Send does not look at ctx: it never waits, and a record that is logged with a
// cancelled context is a record all the same.
func (in *inlet) Send(_ context.Context, recs []encode.Record) error {
	if in.closed.Load() {
		return transport.ErrClosed
	}
	return in.sink.take(recs)
}

func (in *inlet) Close() error {
	in.closed.Store(true)
	return nil
}
