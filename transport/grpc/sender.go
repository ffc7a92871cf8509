package grpc

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// sender is the transport.
type sender struct {
	dest  Destination // with defaults; never changed
	host  *hostaddr.Name
	tls   *tlsconfig.Client // nil: plaintext
	token token             // used by who has connecting
	chunk int               // of requests; never changed but by tests, before the first Send

	pool pool

	closed  atomic.Bool
	current atomic.Pointer[session] // set by who has connecting; nil while there is none

	connecting chan struct{} // a lock that can be given up: full while somebody has it
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
	_ transport.Client    = (*sender)(nil)
)

// Describe says that nil is the receiver's own answer.
func (t *sender) Describe() transport.Description {
	return transport.Description{MaxRecords: t.dest.MaxRecords, MaxInFlight: t.dest.MaxInFlight, Acknowledged: true}
}

// ImportPaths names grpc and what it is made of.
func (t *sender) ImportPaths() []string {
	return []string{"google.golang.org/grpc", "google.golang.org/protobuf", "golang.org/x/net"}
}

// Send delivers recs, in one request or several, and returns when all of these
// are answered. See the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	s, err := t.ready(ctx)
	if err != nil {
		return err
	}
	// Whatever a Send waits for, the end of the session is the end of it.
	stop := context.AfterFunc(ctx, func() { s.fail(context.Cause(ctx)) })
	defer stop()
	f := &flight{session: s, recs: recs, answers: transport.AnswersFor(len(recs))}
	select {
	case s.sending <- struct{}{}:
	case <-ctx.Done():
		return t.failure("send to", context.Cause(ctx))
	}
	s.resources.begin()
	err = f.run()
	<-s.sending
	if err == nil {
		s.window.wait(f)
	}
	return f.result(func(err error) error { return t.failure("send to", err) })
}

// Probe reports whether the receiver would take a Send: it opens a session, or
// asks on the open one for another greeting.
func (t *sender) Probe(ctx context.Context) error {
	s, err := t.ready(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.dest.ConnectTimeout)
	defer cancel()
	if err := t.knock(ctx, s); err != nil {
		s.fail(err)
		return bystander(t.failure("probe", err))
	}
	return nil
}

// ready returns a session that was there a moment ago, or what Send has to
// return. Whatever was wrong with the one before, a new one is opened at once.
func (t *sender) ready(ctx context.Context) (*session, error) {
	if t.closed.Load() {
		return nil, transport.ErrClosed
	}
	if ctx.Err() != nil {
		return nil, t.failure("send to", context.Cause(ctx))
	}
	select {
	case t.connecting <- struct{}{}:
	case <-ctx.Done():
		return nil, t.failure("connect to", context.Cause(ctx))
	}
	defer func() { <-t.connecting }()
	if s := t.current.Load(); s != nil {
		if s.window.ended() == nil && !t.due(s) {
			return s, nil
		}
		t.drop(s)
	}
	s, err := t.connect(ctx)
	if err != nil {
		return nil, bystander(t.failure("connect to", err))
	}
	// A Close that can't have the lock sets closed and then looks for a session;
	// here the session is shown and then closed looked at: one of the two sees
	// the other.
	t.current.Store(s)
	if t.closed.Load() {
		t.drop(s)
		return nil, transport.ErrClosed
	}
	return s, nil
}

// due reports whether an idle session should be opened anew. With several Sends in
// flight it may never be idle; then it is the turn of the next certificate when
// the stream ends.
func (t *sender) due(s *session) bool {
	old := t.dest.Lifetime > 0 && time.Since(s.opened) >= t.dest.Lifetime
	rotated := t.tls != nil && t.tls.Version() != s.version
	return (old || rotated) && s.window.idle()
}

// drop closes a session. An address that has never answered, or has broken the
// stream, is tried last the next time.
func (t *sender) drop(s *session) {
	if s.window.ended() != nil {
		t.host.Failed(s.addr)
	} else if s.worked.Load() {
		t.host.Worked(s.addr)
	}
	s.close(t.dest.CloseTimeout)
	t.current.CompareAndSwap(s, nil)
}

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("grpc: %s %q: %w", operation, t.dest.Addr, err)
}

// Close ends the stream in order, within CloseTimeout. A Send that was abandoned is
// cut off instead.
func (t *sender) Close() error {
	t.closed.Store(true)
	if s := t.current.Load(); s != nil {
		s.close(t.dest.CloseTimeout)
		t.current.CompareAndSwap(s, nil)
	}
	return nil
}
