package grpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/slogship/slogship/transport/grpc/logpb"
)

var errGreeting = errors.New("the receiver has not said its limits first: is it a LogService?")

// minMessage is the least that a receiver may allow: below it ordinary records
// would be condemned for what is a mistake in a configuration.
const minMessage = 16 << 10

var errLimits = errors.New("the receiver allows less than 16 KiB in a request")

// connect opens a session: a connection of its own with one stream, on which the
// receiver has greeted. It is called by who has the lock connecting.
//
// A grpc.ClientConn would connect again by itself, with a backoff of its own that
// the worker could not see, and with the certificates and addresses it began
// with. So it serves for one connection, and a new one is made for the next.
func (t *sender) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, t.dest.ConnectTimeout)
	defer cancel()
	credential, err := t.token.get(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{opened: time.Now(), secrets: secretsOf(credential), sending: make(chan struct{}, 1), done: make(chan struct{})}
	d := &dialing{sender: t}
	if s.conn, err = gogrpc.NewClient("passthrough:///"+t.dest.Addr, d.options()...); err != nil {
		return nil, err
	}
	if t.tls != nil {
		s.version = t.tls.Version() // of the files as options has just read them
	}
	greeting, err := s.open(ctx, credential, t.dest.Compression == Gzip)
	s.addr = d.addr()
	d.warn(ctx)
	if err != nil {
		s.conn.Close()
		if s.addr.IsValid() {
			t.host.Failed(s.addr)
		}
		return nil, d.reason(ctx, err)
	}
	t.adopt(s, greeting)
	go s.receive() // joined by session.close
	return s, nil
}

// adopt takes the lower of our limits and the receiver's.
func (t *sender) adopt(s *session, g *logpb.Limits) {
	s.maxMessage = t.dest.MaxMessage
	if n := g.GetMaxMessageBytes(); n > 0 {
		s.maxMessage = int(min(uint64(s.maxMessage), uint64(n)))
	} else {
		s.maxMessage = min(s.maxMessage, DefaultMaxMessage)
	}
	s.chunk = min(t.chunk, s.maxMessage)
	s.maxEntries = math.MaxInt
	if n := g.GetMaxEntries(); n > 0 {
		s.maxEntries = int(min(uint64(n), math.MaxInt32))
	}
	s.strings = newInterner(min(g.GetMaxStringRef(), maxStringRef))
	s.resources = newResources(min(g.GetMaxResourceRef(), maxResourceRef))
	s.pool = &t.pool
	s.window = newWindow(t.dest.Window, t.dest.WindowBytes)
}

// open opens the stream and returns the receiver's greeting.
func (s *session) open(ctx context.Context, credential string, zip bool) (*logpb.Limits, error) {
	stream, cancel, greeting, err := greeted(ctx, s.conn, credential, zip)
	if err != nil {
		return nil, s.greetingError(err)
	}
	s.stream, s.cancel = stream, cancel
	return greeting, nil
}

// greetingError is what greeted has found itself, or a status of grpc's.
func (s *session) greetingError(err error) error {
	if errors.Is(err, errGreeting) || errors.Is(err, errLimits) {
		return err
	}
	return newStatusError(err, s.secrets)
}

// greeted opens a stream that outlives ctx, but is not waited for any longer.
func greeted(ctx context.Context, conn *gogrpc.ClientConn, credential string, zip bool) (gogrpc.ClientStream, context.CancelFunc, *logpb.Limits, error) {
	life, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel)
	if credential != "" {
		life = metadata.AppendToOutgoingContext(life, "authorization", credential)
	}
	options := []gogrpc.CallOption{gogrpc.ForceCodecV2(newCodec()), gogrpc.MaxCallRecvMsgSize(1 << 20)}
	if zip {
		options = append(options, gogrpc.UseCompressor(gzip.Name))
	}
	var first logpb.PushResponse
	stream, err := conn.NewStream(life, &logpb.LogService_ServiceDesc.Streams[0], logpb.LogService_Push_FullMethodName, options...)
	if err == nil {
		err = stream.RecvMsg(&first)
	}
	if err == nil && first.GetSequence() != 0 {
		err = errGreeting
	}
	if n := first.GetLimits().GetMaxMessageBytes(); err == nil && n != 0 && n < minMessage {
		err = fmt.Errorf("%d bytes: %w", n, errLimits)
	}
	if err == nil && !stop() {
		err = context.Cause(ctx) // just now; the stream is cancelled
	}
	if err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return stream, cancel, first.GetLimits(), nil
}

// knock asks for another greeting on a session's connection. The credential is
// asked for again, too.
func (t *sender) knock(ctx context.Context, s *session) error {
	credential, err := t.token.get(ctx)
	if err != nil {
		return err
	}
	stream, cancel, _, err := greeted(ctx, s.conn, credential, false)
	if err != nil {
		return s.greetingError(err)
	}
	_ = stream.CloseSend()
	cancel()
	return nil
}

// dialing is one attempt to connect. It keeps what went wrong: grpc makes a text
// of it, without the chain.
type dialing struct {
	sender *sender

	mu  sync.Mutex
	err error          // guarded by mu; of the dial or the handshake
	to  netip.AddrPort // guarded by mu; where the connection leads
	tls int            // guarded by mu; handshakes that were completed
}

func (d *dialing) options() []gogrpc.DialOption {
	dest := &d.sender.dest
	options := []gogrpc.DialOption{
		gogrpc.WithContextDialer(d.dial),
		gogrpc.WithTransportCredentials(d.credentials()),
		gogrpc.WithConnectParams(gogrpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: dest.ConnectTimeout}),
		gogrpc.WithUserAgent("slogship"),
		gogrpc.WithMaxHeaderListSize(32 << 10),
		gogrpc.WithDisableServiceConfig(), // what DNS says about retries: they are the worker's
		gogrpc.WithDisableRetry(),
		gogrpc.WithDisableHealthCheck(),
		gogrpc.WithIdleTimeout(0),
	}
	if dest.KeepAlive > 0 {
		options = append(options, gogrpc.WithKeepaliveParams(keepalive.ClientParameters{Time: dest.KeepAlive, Timeout: 10 * time.Second}))
	}
	return options
}

// dial connects to the first address that lets it.
func (d *dialing) dial(ctx context.Context, _ string) (conn net.Conn, err error) {
	host := d.sender.host
	addrs, err := host.Lookup(ctx)
	if err != nil {
		return nil, d.note(err)
	}
	err = host.Try(ctx, addrs, func(ctx context.Context, addr netip.AddrPort) error {
		var dialer net.Dialer // grpc's keep-alive sees more than TCP's
		dialer.KeepAlive = -1
		if conn, err = dialer.DialContext(ctx, "tcp", addr.String()); err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.to = addr
		return nil
	})
	return conn, d.note(err)
}

func (d *dialing) note(err error) error {
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.err = err
	}
	return err
}

// warn tells of connections that are not verified, also of those on which nobody
// greeted: the credential may have been sent. It is called by who sends, as grpc
// shakes hands in a ctx of its own.
func (d *dialing) warn(ctx context.Context) {
	d.mu.Lock()
	made := d.tls
	d.mu.Unlock()
	for range made {
		d.sender.tls.Warn(ctx, d.sender.host.Host())
	}
}

func (d *dialing) addr() netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.to
}

// reason is why no session was opened: what failed below grpc if something did.
func (d *dialing) reason(ctx context.Context, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		err = d.err
	} else if ctx.Err() != nil {
		err = fmt.Errorf("no greeting: %w", context.Cause(ctx))
	}
	if t := d.sender.tls; t != nil {
		return t.Explain(err)
	}
	return err
}

// credentials are TLS's, with the files as they are now, or none.
func (d *dialing) credentials() credentials.TransportCredentials {
	if d.sender.tls == nil {
		return insecure.NewCredentials()
	}
	config := d.sender.tls.Config(d.sender.host.Host())
	config.DynamicRecordSizingDisabled = true // small records first: for pages that render as they load
	return noting{credentials.NewTLS(config), d}
}

// noting keeps the error of a handshake.
type noting struct {
	credentials.TransportCredentials
	to *dialing
}

func (n noting) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := n.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err == nil {
		n.to.mu.Lock()
		n.to.tls++
		n.to.mu.Unlock()
	}
	return conn, info, n.to.note(err)
}

func (n noting) Clone() credentials.TransportCredentials {
	return noting{n.TransportCredentials.Clone(), n.to}
}
