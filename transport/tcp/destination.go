package tcp

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = option.ErrConfig

// Defaults of Destination's fields.
const (
	DefaultWindowBytes    = 8 << 20
	DefaultConnectTimeout = 5 * time.Second
	DefaultWriteTimeout   = 30 * time.Second
	DefaultCloseTimeout   = time.Second
	DefaultKeepAlive      = 15 * time.Second
	DefaultUserTimeout    = 30 * time.Second
)

// Destination is a TCP or TLS receiver. Only Addr is required.
type Destination struct {
	// Addr is "host:port". The name is resolved for each connection and all of
	// its addresses are tried, those that failed lately last. With Network
	// "unix" it is the socket's path. Required.
	Addr string

	// Network is "tcp" (the default), "tcp4", "tcp6" or "unix", a stream socket
	// of this machine, where the fields that are about TCP mean nothing.
	Network string

	// Encoder is the format. Default: encode.JSONLines.
	Encoder encode.Encoder

	// Framing separates the records. Default: Newline.
	Framing Framing

	// TLS switches TLS on. Default: none, which is plain TCP. The server's name is the host in
	// Addr unless TLS.ServerName says otherwise.
	TLS *tlsconfig.Options

	// WindowBytes is how many of the newest bytes stay in the route's buffer after
	// they were sent, to be sent again after a break: see the package's
	// Delivery section. Default 8 MiB; negative: nothing is held, and what the
	// receiver had not read at a break is lost.
	WindowBytes int

	// ConnectTimeout bounds resolving, connecting and the TLS handshake, over
	// all addresses; each gets an even share of what is left. Default 5 s.
	ConnectTimeout time.Duration

	// WriteTimeout is how long the receiver may take not a single byte before
	// the connection is given up. Default 30 s. A receiver that is overloaded for
	// longer gets its window again on each new connection; give it a longer
	// time if it does that.
	WriteTimeout time.Duration

	// CloseTimeout is how long Close waits for the receiver to read what is
	// under way and to close its side. Default 1 s.
	CloseTimeout time.Duration

	// KeepAlive is how long a connection is quiet before, and how far apart,
	// TCP probes are sent; four without an answer break it. Default 15 s,
	// negative: none.
	KeepAlive time.Duration

	// UserTimeout is how long sent data may stay unconfirmed before the kernel
	// breaks the connection (TCP_USER_TIMEOUT, RFC 5482), instead of after some
	// 15 minutes. Default 30 s, negative: the kernel's own limit. Linux only; a
	// value set on another system is refused by Open.
	UserTimeout time.Duration

	// Lifetime is how long a connection is used before it is closed in order
	// and made anew, so that a load balancer can spread long-lived senders.
	// Default 0: for as long as it works.
	Lifetime time.Duration

	// FastOpen sends the first bytes with the first packet (TCP Fast Open, RFC
	// 7413) where the receiver has agreed to before. The network may deliver
	// that packet twice, and an address that refuses is noticed only by the
	// first write, so that the others are tried one Send later. Linux only;
	// refused by Open elsewhere.
	FastOpen bool

	// Nagle lets the kernel wait for more bytes before it sends a small packet
	// (TCP_NODELAY off). Default: it does not wait.
	Nagle bool

	// SendBuffer and ReceiveBuffer are the sizes that are asked of the kernel
	// for the socket (SO_SNDBUF, SO_RCVBUF), in bytes. Default 0: the kernel
	// adapts them, which is better on most networks.
	SendBuffer    int
	ReceiveBuffer int

	// Resolver resolves Addr. Default: net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// Open checks the fields and reads the TLS files. It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &stream{dest: d, quiet: defaultQuiet(), window: window{size: int64(d.WindowBytes)}}
	if d.Network != "unix" {
		if t.host, err = hostaddr.Parse(d.Network, d.Addr, d.Resolver); err != nil {
			return nil, option.Wrap("tcp", "Addr", err)
		}
	}
	if d.TLS != nil {
		if t.tls, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("tcp: TLS: %w", err)
		}
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	d.Network = cmp.Or(d.Network, "tcp")
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	d.WindowBytes = cmp.Or(d.WindowBytes, DefaultWindowBytes)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.WriteTimeout = cmp.Or(d.WriteTimeout, DefaultWriteTimeout)
	d.CloseTimeout = cmp.Or(d.CloseTimeout, DefaultCloseTimeout)
	d.KeepAlive = cmp.Or(d.KeepAlive, DefaultKeepAlive)
	if err := d.validate(); err != nil {
		return d, err
	}
	if d.UserTimeout == 0 && hasUserTimeout {
		d.UserTimeout = DefaultUserTimeout
	}
	return d, nil
}

func (d *Destination) validate() error {
	if err := option.Wrap("tcp", "Encoder", encode.Validate(d.Encoder)); err != nil {
		return err
	}
	return option.Check("tcp", option.Fields{
		{"Network", d.Network, !slices.Contains([]string{"tcp", "tcp4", "tcp6", "unix"}, d.Network), "tcp, tcp4, tcp6 or unix"},
		{"Addr", d.Addr, d.Addr == "", "host:port, or a socket's path with Network unix"},
		{"TLS", nil, d.TLS != nil && d.Network == "unix", "none on a local socket"},
		{"Framing", d.Framing, d.Framing > Null, "Newline, OctetCounted, Length32 or Null"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"WriteTimeout", d.WriteTimeout, d.WriteTimeout < 0, option.NoNegativeTime},
		{"CloseTimeout", d.CloseTimeout, d.CloseTimeout < 0, option.NoNegativeTime},
		{"UserTimeout", d.UserTimeout, d.UserTimeout > 0 && !hasUserTimeout || d.UserTimeout > maxUserTimeout, "at most 24 days, and none but on Linux"},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
		{"FastOpen", d.FastOpen, d.FastOpen && (!hasFastOpen || d.Network == "unix"), "false but for TCP on Linux"},
		{"SendBuffer", d.SendBuffer, d.SendBuffer < 0, "0 or more bytes"},
		{"ReceiveBuffer", d.ReceiveBuffer, d.ReceiveBuffer < 0, "0 or more bytes"},
	})
}
