package syslog

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/udp"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = option.ErrConfig

// Defaults and limits of Destination's fields.
const (
	DefaultMaxMessage    = 8000    // bytes; streams and local sockets
	DefaultMaxMessageUDP = 2 << 10 // bytes
	leastMessage         = 1 << 10 // the encoders' own

	defaultPort    = "514"
	defaultPortTLS = "6514" // RFC 5425 §4.1
)

// Destination is a syslog receiver. The zero Destination is this machine's own
// daemon. What has no field here (keep-alives, socket buffers) a [tcp.Destination]
// has, with tcp.OctetCounted and encode.RFC5424{} as Framing and Encoder.
type Destination struct {
	// Addr is "host:port", or "host" for port 514 (6514 with TLS). For a local
	// socket it is its path. Default: without Network, the local socket is looked
	// for at /dev/log, /var/run/syslog and /var/run/log, whenever there is no
	// connection: the daemon may come later, and in another place.
	Addr string

	// Network is "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unixgram" or
	// "unix". Default: "tcp" with an Addr that is no path; for a path, both kinds
	// of local socket are tried, datagrams first.
	Network string

	// Encoder writes the messages: an encode.RFC5424, an encode.RFC3164, or one
	// of your own. Default: encode.RFC5424{}, and on local sockets
	// encode.RFC3164{OmitHost: true}, which is what libc's syslog(3) writes and
	// the daemons there expect.
	Encoder encode.Encoder

	// Framing is for streams. Default: octet counting over TCP and TLS, line
	// feeds on a local stream.
	Framing Framing

	// MaxMessage is the longest message, header included, in bytes; the encoders
	// of package encode cut at it, unless their own MaxBytes is set. At least
	// 1,024, over UDP at most 65,507. Default: 8,000; over UDP 2,048. See the
	// package's Limits section.
	MaxMessage int

	// TLS switches TLS on, for TCP. Default: none, which is plain. The server's name is the host
	// in Addr unless TLS.ServerName says otherwise; CertFile and KeyFile are
	// the client's certificate.
	TLS *tlsconfig.Options

	// WindowBytes is how many of the newest bytes stay in the route's buffer after
	// they were sent, to be sent again after a break, on streams: see
	// [tcp.Destination]. Default 8 MiB; negative: none.
	WindowBytes int

	// ConnectTimeout, WriteTimeout, CloseTimeout and Lifetime are those of
	// [tcp.Destination]. Defaults 5 s, 30 s, 1 s and 0, for as long as it works.
	ConnectTimeout time.Duration
	WriteTimeout   time.Duration
	CloseTimeout   time.Duration
	Lifetime       time.Duration

	// Resolver resolves Addr. Default: net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// Open checks the fields and reads the TLS files. It does not connect, nor look
// for a local socket.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	if d.Network == "" {
		return newLocal(d)
	}
	return d.over(d.Network, d.Addr)
}

// over opens the transport for one kind of network.
func (d *Destination) over(network, addr string) (transport.Transport, error) {
	t, err := d.carrier(network, addr).Open()
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	return t, nil
}

// carrier is what brings the messages there: packages tcp and udp do all that
// is not about syslog.
func (d *Destination) carrier(network, addr string) transport.Destination {
	if isDatagram(network) {
		return udp.Destination{Addr: addr, Network: network, Encoder: d.Encoder, MaxDatagram: d.datagram(), Resolver: d.Resolver}
	}
	return tcp.Destination{
		Addr: addr, Network: network, Encoder: d.Encoder, Framing: d.Framing.stream(network == "unix"), TLS: d.TLS, WindowBytes: d.WindowBytes,
		ConnectTimeout: d.ConnectTimeout, WriteTimeout: d.WriteTimeout, CloseTimeout: d.CloseTimeout, Lifetime: d.Lifetime,
		Resolver: d.Resolver,
	}
}

// datagram is how long a datagram may be. It is no less than what an encoder
// with a limit of its own may write.
func (d *Destination) datagram() int {
	switch e := d.Encoder.(type) {
	case encode.RFC5424:
		return max(d.MaxMessage, e.MaxBytes)
	case encode.RFC3164:
		return max(d.MaxMessage, e.MaxBytes)
	default:
		return d.MaxMessage
	}
}

// withDefaults is the one place where fields are checked and defaults applied.
// Network stays empty where the kind of a local socket has to be found out.
func (d Destination) withDefaults() (Destination, error) {
	if d.Network == "" && d.Addr != "" && !isPath(d.Addr) {
		d.Network = "tcp"
	}
	if err := d.validate(); err != nil {
		return d, err
	}
	local := d.Network == "" || isLocal(d.Network)
	if !local {
		d.Addr = withPort(d.Addr, d.TLS != nil)
	}
	switch {
	case d.MaxMessage > 0:
	case !local && isDatagram(d.Network):
		d.MaxMessage = DefaultMaxMessageUDP
	default:
		d.MaxMessage = DefaultMaxMessage
	}
	d.Encoder = sized(d.Encoder, local, d.MaxMessage)
	return d, option.Wrap("syslog", "Encoder", encode.Validate(d.Encoder))
}

// sized is the encoder with the size, unless it has one, or the default.
func sized(e encode.Encoder, local bool, size int) encode.Encoder {
	if e == nil && local {
		e = encode.RFC3164{OmitHost: true}
	}
	switch e := e.(type) {
	case nil:
		return encode.RFC5424{MaxBytes: size}
	case encode.RFC5424:
		e.MaxBytes = cmp.Or(e.MaxBytes, size)
		return e
	case encode.RFC3164:
		e.MaxBytes = cmp.Or(e.MaxBytes, size)
		return e
	default:
		return e
	}
}

func (d *Destination) validate() error {
	known, most := d.Network == "", 1<<20
	switch d.Network {
	case "tcp", "tcp4", "tcp6", "unix", "unixgram":
		known = true
	case "udp", "udp4", "udp6":
		known, most = true, udp.DefaultMaxDatagram
	}
	stream := strings.HasPrefix(d.Network, "tcp")
	return option.Check("syslog", option.Fields{
		{"Network", d.Network, !known, "tcp, tcp4, tcp6, udp, udp4, udp6, unix or unixgram"},
		{"Addr", d.Addr, d.Network != "" && d.Addr == "", "a host, with Network " + d.Network},
		{"Framing", d.Framing, d.Framing > Newline || d.Framing != FramingDefault && isDatagram(d.Network), "OctetCounted or Newline, and none for datagrams"},
		{"MaxMessage", d.MaxMessage, d.MaxMessage != 0 && d.MaxMessage < leastMessage || d.MaxMessage > most, fmt.Sprintf("%d to %d bytes", leastMessage, most)},
		{"TLS", nil, d.TLS != nil && !stream, "none but over TCP"},
		{"WindowBytes", d.WindowBytes, d.WindowBytes != 0 && isDatagram(d.Network), "none for datagrams"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"WriteTimeout", d.WriteTimeout, d.WriteTimeout < 0, option.NoNegativeTime},
		{"CloseTimeout", d.CloseTimeout, d.CloseTimeout < 0, option.NoNegativeTime},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
	})
}

func isDatagram(network string) bool {
	return strings.HasPrefix(network, "udp") || network == "unixgram"
}

func isLocal(network string) bool { return strings.HasPrefix(network, "unix") }

// isPath reports whether addr is a local socket's: no host has a slash.
func isPath(addr string) bool { return strings.ContainsAny(addr, `/\`) }

// withPort adds the port that syslog has, if addr has none.
func withPort(addr string, tls bool) string {
	if _, _, err := net.SplitHostPort(addr); err == nil || strings.HasSuffix(addr, ":") {
		return addr
	}
	port := defaultPort
	if tls {
		port = defaultPortTLS
	}
	return net.JoinHostPort(strings.Trim(addr, "[]"), port)
}
