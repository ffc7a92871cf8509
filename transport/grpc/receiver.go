package grpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/slogship/slogship/transport/grpc/logpb"
)

// Receiver is the other end: a gRPC server, or a service for one that exists,
// which gives what senders push to a callback.
//
// At least once: a batch is acknowledged when the callback has returned nil, so
// what the callback had taken when the process dies is sent again. A record whose
// id is among the newest Remembered ones is acknowledged without the callback;
// this window is in memory, so after a restart a callback may get records of one
// batch for each stream a second time.
type Receiver struct {
	handle  Handle
	options ReceiverOptions
	seen    *seen

	stopping chan struct{} // closed by Stop
	stop     sync.Once     // closes stopping
	streams  sync.WaitGroup

	mu      sync.Mutex
	stopped bool                        // guarded by mu; no stream begins any more
	open    int                         // guarded by mu; streams
	servers map[*gogrpc.Server]struct{} // guarded by mu; those of Serve
}

// ErrStopped is returned by Serve after Stop.
var ErrStopped = errors.New("grpc: the receiver is stopped")

// NewReceiver makes a Receiver that gives records to handle.
//
// handle is called for one batch of a stream at a time, in the order in which they
// were sent, and concurrently for several streams. recs and what they point to are
// valid until it returns, as in a transport's Send: encode.Record.Clone to keep
// them. recs is never empty. ctx ends with the stream. What its error means
// is what the error of a transport's Send means, so that a Send can be a callback:
//
//   - nil: all are acknowledged
//   - *transport.BatchError: those with nil are acknowledged, those with
//     transport.Permanent are refused for good, with that error's text as the
//     reason; the others are sent again
//   - transport.Permanent: one of them can never be taken; the sender finds out
//     which by sending less at a time
//   - transport.RetryAfter: all are sent again, not before that time
//   - any other: all are sent again, not before RetryAfter
func NewReceiver(handle Handle, options *ReceiverOptions) (*Receiver, error) {
	if handle == nil {
		return nil, fmt.Errorf("grpc: NewReceiver: handle is nil: %w", ErrConfig)
	}
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Receiver{
		handle: handle, options: o, seen: newSeen(o.Remembered),
		stopping: make(chan struct{}), servers: map[*gogrpc.Server]struct{}{},
	}, nil
}

// Serve answers l until Stop, or until l fails. It returns ErrStopped after Stop.
// It may be called for several listeners.
func (r *Receiver) Serve(l net.Listener) error {
	server := gogrpc.NewServer(r.ServerOptions()...)
	r.Register(server)
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		l.Close()
		return ErrStopped
	}
	r.servers[server] = struct{}{}
	r.mu.Unlock()
	err := server.Serve(l)
	server.Stop() // also what is left of connections if l has failed
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.servers, server)
	if r.stopped {
		return ErrStopped
	}
	return fmt.Errorf("grpc: serve %q: %w", l.Addr(), err)
}

// ServerOptions are what Serve makes its server with. A server of one's own that
// the receiver is registered with needs them too: the first of them lets it have
// its requests as bytes, which changes nothing for other services.
func (r *Receiver) ServerOptions() []gogrpc.ServerOption {
	options := []gogrpc.ServerOption{
		gogrpc.ForceServerCodecV2(newCodec()),
		gogrpc.MaxRecvMsgSize(r.options.MaxMessage),
		gogrpc.ConnectionTimeout(10 * time.Second), // for the handshakes; the default is two minutes
		gogrpc.MaxHeaderListSize(32 << 10),
		// What may be under way to a callback that is slow. A window of its own size
		// also switches off the estimates that take a ping for each burst.
		gogrpc.InitialWindowSize(1 << 20),
		gogrpc.InitialConnWindowSize(2 << 20),
		gogrpc.KeepaliveParams(keepalive.ServerParameters{Time: r.options.KeepAlive, Timeout: 10 * time.Second}),
		gogrpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
	}
	if r.options.TLS != nil {
		options = append(options, gogrpc.Creds(credentials.NewTLS(r.options.TLS)))
	}
	return options
}

// Register adds the service to a server that was made with ServerOptions.
func (r *Receiver) Register(s gogrpc.ServiceRegistrar) {
	logpb.RegisterLogServiceServer(s, service{receiver: r})
}

// Stop lets each callback that runs end, acknowledges its batch, ends the streams
// and the servers of Serve, and returns when all of it is done. When ctx is done,
// connections are cut, the callbacks' ctx with them, and Stop returns ctx's error
// without waiting any longer: a callback may not listen. It may be called again.
func (r *Receiver) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.stopped = true
	var servers []*gogrpc.Server
	for s := range r.servers {
		servers = append(servers, s)
	}
	r.mu.Unlock()
	r.stop.Do(func() { close(r.stopping) })
	done := make(chan struct{})
	go func() { // ends when the callbacks have returned, which is theirs to do
		defer close(done)
		r.streams.Wait()
		for _, s := range servers {
			s.GracefulStop()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, s := range servers {
		s.Stop() // it waits for no callback
	}
	return fmt.Errorf("grpc: stop: %w", context.Cause(ctx))
}

// enter counts a stream in, if there is room for one.
func (r *Receiver) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped:
		return errStopping
	case r.open >= r.options.MaxStreams:
		return errStreams
	}
	r.open++
	r.streams.Add(1)
	return nil
}

func (r *Receiver) leave() {
	r.mu.Lock()
	r.open--
	r.mu.Unlock()
	r.streams.Done()
}
