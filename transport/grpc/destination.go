package grpc

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Defaults and limits of Destination's fields.
const (
	DefaultBatch          = 1000
	DefaultWindow         = 64
	DefaultWindowBytes    = 4 << 20
	DefaultConnectTimeout = 5 * time.Second
	DefaultCloseTimeout   = time.Second
	DefaultKeepAlive      = 20 * time.Second
	MaxInFlight           = 64
)

// Destination is a receiver of LogService, such as [Receiver]. Only Addr is
// required.
type Destination struct {
	// Addr is "host:port". The name is resolved for each connection and all of its
	// addresses are tried, those that failed lately last.
	// Required.
	Addr string

	// TLS switches TLS on. Default: none, which is plaintext. The server's name is the host in Addr
	// unless TLS.ServerName says otherwise; with CertFile and KeyFile it is mTLS.
	TLS *tlsconfig.Options

	// Authorize returns the value of the header "authorization" ("Bearer …"). It
	// is called when a stream is opened, not concurrently, and gets what is left of
	// ConnectTimeout. Its error makes Send fail plainly, and its text is shown, so
	// it must not hold the secret. Default: no such header.
	Authorize func(ctx context.Context) (string, error) `json:"-"`

	// TokenFile names a file with a token, sent as "Bearer …", in place of
	// Authorize. It is read when a stream is opened, so a rotated token is in use
	// with the next. At most 8 KiB. Default: none.
	TokenFile string

	// AllowPlaintext lets Authorize and TokenFile go over a connection without TLS.
	AllowPlaintext bool

	// MaxMessage is the most bytes of one request. Default 4 MiB, gRPC's own limit,
	// at least 16 KiB. If the receiver names a lower one, that holds. A record that
	// is larger alone is permanent for that record.
	MaxMessage int

	// MaxRecords is the most records of one Send, which is what a kill may repeat.
	// Default 1,000.
	MaxRecords int

	// MaxInFlight is how many Sends may run at a time, all on the one stream.
	// Default 1, which keeps the order also when something goes again; up to 64 for
	// receivers that are far away or slow to answer.
	MaxInFlight int

	// Window is how many requests, of some 64 KiB, may be without an answer.
	// Default 64.
	Window int

	// WindowBytes is how many bytes may be without an answer, one request
	// excepted. Default 4 MiB.
	WindowBytes int

	// Compression is that of each request. Default: Uncompressed, since a request
	// takes less than half of what JSON takes.
	Compression Compression

	// ConnectTimeout bounds resolving, connecting, the TLS handshake, and the
	// receiver's greeting. Default 5 s.
	ConnectTimeout time.Duration

	// CloseTimeout is how long Close waits for the orderly end of the stream.
	// Default 1 s.
	CloseTimeout time.Duration

	// KeepAlive is how long a connection is quiet before it is asked whether the
	// receiver lives; one that does not answer for 10 s is given up. Default 20 s,
	// at least 10 s, which is gRPC's own limit. A receiver that is not [Receiver]
	// has to allow it: gRPC's servers close the connection of one that asks more
	// often than every 5 minutes unless told otherwise. Negative: never.
	KeepAlive time.Duration

	// Lifetime is how long a stream is used before another is opened, over a new
	// connection, so that a load balancer can spread long-lived senders. Default 0:
	// for as long as it works.
	Lifetime time.Duration

	// Resolver resolves Addr. Default: net.DefaultResolver.
	Resolver *net.Resolver `json:"-"`
}

var _ transport.Destination = Destination{}

// Open checks the fields and reads the TLS files. It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &sender{dest: d, connecting: make(chan struct{}, 1), chunk: chunkBytes}
	t.token = token{authorize: d.Authorize, file: d.TokenFile}
	if t.host, err = hostaddr.Parse("tcp", d.Addr, d.Resolver); err != nil {
		return nil, option.Wrap("grpc", "Addr", err)
	}
	if d.TLS != nil {
		if t.tls, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("grpc: TLS: %w", err)
		}
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	d.MaxMessage = cmp.Or(d.MaxMessage, DefaultMaxMessage)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultBatch)
	d.MaxInFlight = cmp.Or(d.MaxInFlight, 1)
	d.Window = cmp.Or(d.Window, DefaultWindow)
	d.WindowBytes = cmp.Or(d.WindowBytes, DefaultWindowBytes)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.CloseTimeout = cmp.Or(d.CloseTimeout, DefaultCloseTimeout)
	d.KeepAlive = cmp.Or(d.KeepAlive, DefaultKeepAlive)
	credential := d.Authorize != nil || d.TokenFile != ""
	if d.Authorize != nil && d.TokenFile != "" {
		return d, fmt.Errorf("grpc: Authorize and TokenFile: %w: want one of them", ErrConfig)
	}
	if credential && d.TLS == nil && !d.AllowPlaintext {
		return d, fmt.Errorf("grpc: a token without TLS: %w: everybody on the way could read it; set TLS, or AllowPlaintext if it is meant", ErrConfig)
	}
	return d, d.validate()
}

func (d *Destination) validate() error {
	return option.Check("grpc", option.Fields{
		{"MaxMessage", d.MaxMessage, d.MaxMessage < minMessage || d.MaxMessage > 1<<30, "16 KiB to 1 GiB"},
		{"Compression", d.Compression, d.Compression > Gzip, "Uncompressed or Gzip"},
		{"MaxRecords", d.MaxRecords, d.MaxRecords < 1 || d.MaxRecords > 100_000, "1 to 100,000"},
		{"MaxInFlight", d.MaxInFlight, d.MaxInFlight < 1 || d.MaxInFlight > MaxInFlight, "1 to 64"},
		{"Window", d.Window, d.Window < 1 || d.Window > 10_000, "1 to 10,000"},
		{"WindowBytes", d.WindowBytes, d.WindowBytes < 1 || d.WindowBytes > 1<<30, "1 byte to 1 GiB"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"CloseTimeout", d.CloseTimeout, d.CloseTimeout < 0, option.NoNegativeTime},
		{"KeepAlive", d.KeepAlive, d.KeepAlive > 0 && d.KeepAlive < 10*time.Second, "10 s or more, or a negative time for never"},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
	})
}
