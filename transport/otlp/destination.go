package otlp

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

var (
	// ErrConfig is wrapped by the errors of Open that are about a field or a
	// variable.
	ErrConfig = httppost.ErrConfig

	// ErrPlaintext is wrapped by Open's error for an http:// endpoint without
	// AllowPlaintext, or with credentials.
	ErrPlaintext = httppost.ErrPlaintext

	// ErrToken is wrapped by the errors about the contents of TokenFile.
	ErrToken = httppost.ErrToken
)

// Defaults of Destination's fields.
const (
	// DefaultMaxMessageHTTP and DefaultMaxMessageGRPC are what receivers take
	// (20 MiB and gRPC's own 4 MiB), before compression.
	DefaultMaxMessageHTTP = 20 << 20
	DefaultMaxMessageGRPC = 4 << 20

	DefaultMaxRecords     = 1000
	DefaultMaxBytes       = 1 << 20
	DefaultMaxInFlight    = httppost.DefaultMaxInFlight
	DefaultTimeout        = 10 * time.Second
	DefaultConnectTimeout = httppost.DefaultConnectTimeout
	DefaultIdleTimeout    = httppost.DefaultIdleTimeout
)

// Destination is an OpenTelemetry Collector, or a service that takes OTLP. The
// zero Destination is what the environment says, and without it a collector at
// http://localhost:4318. Fields go before variables, and variables for logs
// (OTEL_EXPORTER_OTLP_LOGS_…) before those for all signals (OTEL_EXPORTER_OTLP_…).
type Destination struct {
	// URL is the receiver, "https://collector:4318", with the path where it
	// is mounted. Over HTTP /v1/logs is added unless the path ends in it already;
	// OTEL_EXPORTER_OTLP_LOGS_ENDPOINT alone is taken as it is. User information
	// in it is sent as Basic authorization. Default: OTEL_EXPORTER_OTLP_ENDPOINT,
	// or http://localhost:4318, for gRPC http://localhost:4317.
	URL string

	// Protocol is HTTP or GRPC. Default: OTEL_EXPORTER_OTLP_PROTOCOL, or HTTP.
	Protocol Protocol

	// AllowPlaintext allows an http:// URL, for a collector on the
	// same machine or in a network that encrypts by itself. One that comes from
	// the environment is allowed without it. Credentials are refused with either.
	AllowPlaintext bool

	// Compression is Gzip or Uncompressed. Default: OTEL_EXPORTER_OTLP_COMPRESSION,
	// or Gzip.
	Compression Compression

	// Headers are sent with each request; for gRPC they are its metadata. Default:
	// OTEL_EXPORTER_OTLP_HEADERS. The map must not be changed after Open.
	Headers map[string]string

	// Authorize returns the value of the Authorization header. It is called for
	// each request, with Send's ctx, up to MaxInFlight times at once. Its error
	// makes Send fail plainly, and its text is shown, so it must not hold the
	// secret. Default: none.
	Authorize func(ctx context.Context) (string, error)

	// TokenFile names a file with a token, sent as "Authorization: Bearer …". It
	// is read for each request, so that a rotated token is used with the next
	// one. It has to be there in Open. At most 64 KiB. Default: none.
	TokenFile string

	// TLS lowers, narrows or extends what is spoken, which is TLS 1.3 with the
	// system's authorities and no client certificate. Default: the files of
	// OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY.
	TLS *tlsconfig.Options

	// Proxy returns the proxy for a request, or nil for none. Default:
	// http.ProxyFromEnvironment; none for gRPC without TLS, which no HTTP/1 proxy
	// passes on.
	Proxy func(*http.Request) (*url.URL, error)

	// Service is the service.name of a record whose resource has none: the
	// protocol demands one. Default: what [DetectResource] finds.
	Service string

	// OnPartial hears of answers that accept a request and say that some of its
	// records were rejected, or warn. Which ones, they do not say; the protocol
	// forbids to send them again. It must not block, and may be called up to
	// MaxInFlight times at once. Default: a line on stderr, at most one a minute.
	OnPartial func(Partial)

	// MaxRecords and MaxBytes bound a Send: MaxBytes is measured in the buffer.
	// Defaults 1,000 and 1 MiB; at most 100,000 and 16 MiB.
	MaxRecords int
	MaxBytes   int

	// MaxMessage bounds one request, in bytes before compression: a Send that
	// is larger takes several. A record that is larger alone is permanent for
	// that record. At least 64 KiB, at most 64 MiB. Default: 20 MiB over HTTP,
	// 4 MiB over gRPC.
	MaxMessage int

	// MaxInFlight is how many Sends may be under way at a time, at most 1,024.
	// Default 1.
	MaxInFlight int

	// Timeout bounds a request, within Send's ctx. Default:
	// OTEL_EXPORTER_OTLP_TIMEOUT, or 10 s.
	Timeout time.Duration

	// ConnectTimeout bounds resolving and connecting, and once more the TLS
	// handshake. Default 5 s.
	ConnectTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 90 s.
	IdleTimeout time.Duration

	// Resolver resolves the host of URL anew for each connection. Default:
	// net.DefaultResolver.
	Resolver *net.Resolver

	// Lookup reads an environment variable, in Open. Default: os.LookupEnv.
	Lookup func(name string) (value string, found bool)

	verbatim bool // URL is taken as it is
}

var _ transport.Destination = Destination{}

// String returns the redacted URL, and GoString the same: a Destination that
// is printed by accident shows no credentials.
func (d Destination) String() string {
	return "otlp.Destination(" + httpstatus.Redact(d.URL) + ")"
}

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields, and reads the environment, the TLS files and the file
// with the credentials. It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	target, err := d.target()
	if err != nil {
		return nil, err
	}
	s := &sender{dest: &d, url: httpstatus.Redact(d.URL)}
	s.show.to = d.OnPartial
	if s.client, err = d.client(target); err != nil {
		return nil, err
	}
	if d.Compression == Gzip && d.Protocol == GRPC {
		s.zip = httppost.Gzip()
	}
	return s, nil
}

// client passes on what the requests need.
func (d *Destination) client(target string) (*httppost.Client, error) {
	o := httppost.Options{
		Adapter: "otlp", URL: target, AllowPlaintext: d.AllowPlaintext, Headers: d.Headers,
		Authorize: d.Authorize, TokenFile: d.TokenFile, TLS: d.TLS, Proxy: d.Proxy, Resolver: d.Resolver,
		MaxInFlight: d.MaxInFlight, ConnectTimeout: d.ConnectTimeout, IdleTimeout: d.IdleTimeout,
		ContentType: "application/x-protobuf",
	}
	switch {
	case d.Protocol == GRPC:
		return d.grpcClient(o)
	case d.Compression == Gzip:
		o.Compressor = httppost.Gzip()
	}
	return o.Open()
}
