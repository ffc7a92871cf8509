package lumberjack

import (
	"cmp"
	"fmt"
	"net"
	"slices"
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
	DefaultBeat           = "slogship"
	DefaultVersion        = "1"
	DefaultConnectTimeout = 5 * time.Second
	DefaultAnswerTimeout  = 30 * time.Second
	DefaultKeepAlive      = 15 * time.Second
)

// Destination is one or several Logstash hosts. Only Addrs is required.
type Destination struct {
	// Addrs are "host:port" each; Logstash's beats input usually has port 5044.
	// One of them gets the records, chosen by chance so that many senders spread
	// over all; when it fails, the next. The names are resolved for each
	// connection, and all of their addresses are tried. (For one route to use
	// several hosts at a time, see transport/group.) Required.
	Addrs []string

	// Encoder is how a record becomes an event. Default: its zero value.
	Encoder encode.ECS

	// Beat and Version are the event's [@metadata][beat] and
	// [@metadata][version], from which Logstash pipelines make index names. Up to
	// 64 lower-case letters, digits, dots, underscores and hyphens. Default
	// "slogship" and "1".
	Beat    string
	Version string

	// TLS switches TLS on (the input's ssl_enabled). Default: none, which is plain TCP. A
	// server's name is the host in its address unless TLS.ServerName says
	// otherwise.
	TLS *tlsconfig.Options

	// Window is how many records are sent before the receiver has to
	// acknowledge them: the MaxRecords of a batch. Default 1,000, at most 10,000.
	Window int

	// Compression is that of the events. Default: Zlib.
	Compression Compression

	// ConnectTimeout bounds resolving, connecting and the TLS handshake, over
	// all hosts and addresses. Default 5 s.
	ConnectTimeout time.Duration

	// AnswerTimeout is how long the receiver may neither take a byte nor say
	// anything before the connection is given up. Each ack begins it anew, also
	// those that only say that the receiver is at work, which Logstash sends
	// while its queue is full. Default 30 s.
	AnswerTimeout time.Duration

	// KeepAlive is how long a connection is quiet before, and how far apart,
	// TCP probes are sent; four without an answer break it. Default 15 s,
	// negative: none.
	KeepAlive time.Duration

	// Lifetime is how long a connection is used before it is closed between two
	// batches and made anew, so that a load balancer can spread long-lived
	// senders. Default 0: for as long as it works.
	Lifetime time.Duration

	// Resolver resolves Addrs. Default: net.DefaultResolver.
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
	if t.dialer.Hosts, err = ackconn.ParseHosts(d.Addrs, d.Resolver); err != nil {
		return nil, option.Wrap("lumberjack", "Addrs", err)
	}
	if d.TLS != nil {
		if t.dialer.TLS, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("lumberjack: TLS: %w", err)
		}
	}
	if t.packer, err = newPacker(&d); err != nil {
		return nil, fmt.Errorf("lumberjack: zlib: %w", err)
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	d.Addrs = slices.Clone(d.Addrs) // the caller may go on using it
	d.Beat = cmp.Or(d.Beat, DefaultBeat)
	d.Version = cmp.Or(d.Version, DefaultVersion)
	d.Window = cmp.Or(d.Window, DefaultWindow)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.AnswerTimeout = cmp.Or(d.AnswerTimeout, DefaultAnswerTimeout)
	d.KeepAlive = cmp.Or(d.KeepAlive, DefaultKeepAlive)
	if err := option.Wrap("lumberjack", "Encoder", encode.Validate(d.Encoder)); err != nil {
		return d, err
	}
	return d, d.validate()
}

func (d *Destination) validate() error {
	const letters = "1 to 64 lower-case letters, digits, dots, underscores and hyphens"
	return option.Check("lumberjack", option.Fields{
		{"Addrs", d.Addrs, len(d.Addrs) == 0, "at least one"},
		{"Beat", d.Beat, !plain(d.Beat), letters},
		{"Version", d.Version, !plain(d.Version), letters},
		{"Window", d.Window, d.Window < 1 || d.Window > MaxWindow, "1 to 10,000"},
		{"Compression", d.Compression, d.Compression > Uncompressed, "Zlib or Uncompressed"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"AnswerTimeout", d.AnswerTimeout, d.AnswerTimeout < 0, option.NoNegativeTime},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
	})
}
