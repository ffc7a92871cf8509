package udp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/transport"
)

// sender is the transport.
type sender struct {
	dest Destination    // with defaults; never changed
	host *hostaddr.Name // guards itself; nil for unixgram

	mu       sync.Mutex     // held by Send, Held, Probe and Close
	closed   bool           // guarded by mu
	conn     net.Conn       // guarded by mu; connected, so that refusals come back; nil if there is none
	addr     netip.AddrPort // guarded by mu; conn's
	resolved time.Time      // guarded by mu; when addr was last known to be right
	failed   error          // guarded by mu; a refusal that Send or Probe has yet to tell
	recent   recent         // guarded by mu
	buf      []byte         // guarded by mu; one datagram, reused
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Holder    = (*sender)(nil)
	_ transport.Prober    = (*sender)(nil)
)

// Describe returns the defaults: one batch in flight, not acknowledged.
func (t *sender) Describe() transport.Description { return transport.Description{} }

// Send writes a datagram for each record. See the package's Errors section.
func (t *sender) Send(ctx context.Context, recs []encode.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return transport.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return t.failure("send to", err)
	}
	if t.failed != nil {
		return t.lose(t.failed)
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	return t.deliver(ctx, recs)
}

// ready leaves a socket that is connected to an address which was right not
// long ago.
func (t *sender) ready(ctx context.Context) error {
	if t.conn != nil && !t.due() {
		return nil
	}
	if t.host == nil {
		return t.dial(ctx, t.dest.Addr)
	}
	addrs, err := t.host.Lookup(ctx)
	switch {
	case err != nil && t.conn != nil:
		t.resolved = time.Now() // name servers fail, too; ask again in a while
		return nil
	case err != nil:
		return t.failure("resolve", err)
	case t.conn != nil && slices.Contains(addrs, t.addr):
		t.resolved = time.Now()
		return nil
	}
	t.drop()
	t.addr, t.resolved = addrs[0], time.Now()
	return t.dial(ctx, addrs[0].String())
}

func (t *sender) due() bool {
	return t.host != nil && t.dest.ResolveEvery > 0 && time.Since(t.resolved) >= t.dest.ResolveEvery
}

func (t *sender) dial(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, t.dest.Network, addr)
	if err != nil {
		return t.failure("connect to", err)
	}
	if t.dest.SendBuffer > 0 {
		if err := conn.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(t.dest.SendBuffer); err != nil {
			conn.Close()
			return t.failure("connect to", err)
		}
	}
	t.conn = conn
	return nil
}

// lose drops the socket after a refusal and says what has to go again.
func (t *sender) lose(err error) error {
	err = t.failure("send to", err)
	t.drop()
	if held := t.recent.reset(); held > 0 {
		return transport.Resend(err, held)
	}
	return err
}

// drop lets go of the socket. Its address is tried last next time.
func (t *sender) drop() {
	if t.conn == nil {
		return
	}
	t.conn.Close()
	t.conn, t.failed = nil, nil
	if t.host != nil {
		t.host.Failed(t.addr)
	}
}

func (t *sender) failure(operation string, err error) error {
	return fmt.Errorf("udp: %s %q: %w", operation, t.dest.Addr, err)
}

// Held returns how many records were sent within the last half to one second: a
// refusal of one of them may be on its way. It looks for one that has come.
func (t *sender) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil && t.recent.held() > 0 {
		if t.failed = t.refusal(); t.failed == nil {
			t.recent.pass(time.Now())
		}
	}
	return t.recent.held()
}

// Probe returns a refusal that has come back since the last Send, with Resend if
// records were held, or why there is no socket. Whether anybody receives cannot
// be known without sending.
func (t *sender) Probe(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return transport.ErrClosed
	}
	if t.failed == nil {
		t.failed = t.refusal()
	}
	if t.failed != nil {
		return t.lose(t.failed)
	}
	return t.ready(ctx)
}

// refusal returns the error that the kernel keeps for the socket's next call.
func (t *sender) refusal() error {
	if t.conn == nil {
		return nil
	}
	return pending(t.conn)
}

// Close closes the socket. What the kernel has it sends.
func (t *sender) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.conn != nil {
		t.conn.Close()
		t.conn = nil
	}
	return nil
}
