package relp

import (
	"cmp"
	"fmt"
	"net"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = option.ErrConfig

// Defaults and limits of Destination's fields.
const (
	DefaultWindow         = 1000
	MaxWindow             = 10_000
	DefaultMaxMessage     = 128 << 10
	DefaultConnectTimeout = 5 * time.Second
	DefaultAnswerTimeout  = 30 * time.Second
	DefaultCloseTimeout   = time.Second
	DefaultKeepAlive      = 15 * time.Second
)

// Destination is a RELP receiver, such as rsyslog's imrelp. Only Addr is
// required.
type Destination struct {
	// Addr is "host:port". RELP has no port of its own; 2514 and 20514 are usual.
	// The name is resolved for each connection and all of its addresses are
	// tried, those that failed lately last. Required.
	Addr string

	// Encoder is the format of a message. Default: the zero encode.RFC5424.
	Encoder encode.Encoder

	// TLS switches TLS on (imrelp's tls="on"). Default: none, which is plain TCP. The server's
	// name is the host in Addr unless TLS.ServerName says otherwise. rsyslog
	// usually asks for a client certificate.
	TLS *tlsconfig.Options

	// Window is how many records may be on their way without an answer.
	// Default 1,000, which is a whole batch; at most 10,000.
	Window int

	// MaxMessage is the most bytes that a message may have; a longer one is
	// refused as permanent. Default 128 KiB, above which librelp may break the
	// connection. The default Encoder never writes more than 8,000. rsyslog cuts
	// messages, without a word, at 8,096 unless it is told otherwise: see the
	// package's Limits section before you raise the encoder's MaxBytes.
	MaxMessage int

	// ConnectTimeout bounds resolving, connecting, the TLS handshake and the
	// opening of the session, over all addresses. Default 5 s.
	ConnectTimeout time.Duration

	// AnswerTimeout is how long the receiver may neither take a byte nor answer
	// anything before the connection is given up. Default 30 s. A Send ends
	// with the route's SendTimeout if that is shorter.
	AnswerTimeout time.Duration

	// CloseTimeout is how long Close waits for the end of the session.
	// Default 1 s.
	CloseTimeout time.Duration

	// KeepAlive is how long a connection is quiet before, and how far apart,
	// TCP probes are sent; four without an answer break it. Default 15 s,
	// negative: none.
	KeepAlive time.Duration

	// Lifetime is how long a session is used before it is closed in order and
	// opened anew, so that a load balancer can spread long-lived senders.
	// Default 0: for as long as it works.
	Lifetime time.Duration

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
	t := &sender{dest: d}
	t.dialer = ackconn.Dialer{ConnectTimeout: d.ConnectTimeout, Silence: d.AnswerTimeout, KeepAlive: d.KeepAlive}
	if t.dialer.Hosts, err = ackconn.ParseHosts([]string{d.Addr}, d.Resolver); err != nil {
		return nil, option.Wrap("relp", "Addr", err)
	}
	if d.TLS != nil {
		if t.dialer.TLS, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("relp: TLS: %w", err)
		}
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	if d.Encoder == nil {
		d.Encoder = encode.RFC5424{}
	}
	d.Window = cmp.Or(d.Window, DefaultWindow)
	d.MaxMessage = cmp.Or(d.MaxMessage, DefaultMaxMessage)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.AnswerTimeout = cmp.Or(d.AnswerTimeout, DefaultAnswerTimeout)
	d.CloseTimeout = cmp.Or(d.CloseTimeout, DefaultCloseTimeout)
	d.KeepAlive = cmp.Or(d.KeepAlive, DefaultKeepAlive)
	if err := option.Wrap("relp", "Encoder", encode.Validate(d.Encoder)); err != nil {
		return d, err
	}
	return d, d.validate()
}

func (d *Destination) validate() error {
	return option.Check("relp", option.Fields{
		{"Window", d.Window, d.Window < 1 || d.Window > MaxWindow, "1 to 10,000"},
		{"MaxMessage", d.MaxMessage, d.MaxMessage < 1 || d.MaxMessage > maxLen, "1 to 999,999,999 bytes"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"AnswerTimeout", d.AnswerTimeout, d.AnswerTimeout < 0, option.NoNegativeTime},
		{"CloseTimeout", d.CloseTimeout, d.CloseTimeout < 0, option.NoNegativeTime},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
	})
}
