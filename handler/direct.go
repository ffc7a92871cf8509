package handler

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// direct is the part of a track without a buffer.
type direct struct {
	to atomic.Pointer[directTransport]

	decoders  sync.Pool // of *codec.Decoder
	delivered atomic.Uint64
	dropped   [encode.LevelCount]atomic.Uint64 // Send failed
	late      [encode.LevelCount]atomic.Uint64 // after Close
	discarded [discardReasons][encode.LevelCount]atomic.Uint64
}

// directTransport is a transport that log calls send through by themselves, so
// that nobody but they know when the last Send has returned.
type directTransport struct {
	transport transport.Transport

	mu     sync.RWMutex // held by each Send for reading
	closed bool         // guarded by mu
}

// send sends through the transport of the moment: the one that the caller's
// table knows may have been replaced since, and is closed then. It returns
// ErrClosed where Close was quicker.
func (d *direct) send(ctx context.Context, recs []encode.Record) error {
	for {
		to := d.to.Load()
		if sent, err := to.send(ctx, recs); sent {
			return err
		}
		if d.to.Load() == to {
			return ErrClosed // by Close, there is no other
		}
	}
}

func (t *directTransport) send(ctx context.Context, recs []encode.Record) (sent bool, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return false, nil
	}
	return true, contained(func() error { return t.transport.Send(ctx, recs) })
}

// replace sends what comes from now on through t, and closes what was before once
// the Sends in it have returned.
func (d *direct) replace(t transport.Transport) error {
	old := d.to.Swap(&directTransport{transport: t})
	if old == nil {
		return nil
	}
	return old.close()
}

func (t *directTransport) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	return contained(t.transport.Close)
}
