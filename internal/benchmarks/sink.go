package benchmarks

import (
	"context"
	"errors"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Sink is a destination that takes everything at once, or, if Down, nothing.
type Sink struct{ Down bool }

var errDown = errors.New("benchmarks: destination is down")

// Open returns the sink itself, which has no state.
func (s Sink) Open() (transport.Transport, error) { return s, nil }

// Describe says that the answer is final, so that nothing is held back.
func (Sink) Describe() transport.Description { return transport.Description{Acknowledged: true} }

// Close has nothing to release.
func (Sink) Close() error { return nil }

// Send takes the batch, or refuses it if the sink is down.
func (s Sink) Send(context.Context, []encode.Record) error {
	if s.Down {
		return errDown
	}
	return nil
}
