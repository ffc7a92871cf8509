package loki

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

var (
	// ErrConfig is wrapped by the errors of Open that are about a field.
	ErrConfig = httppost.ErrConfig

	// ErrPlaintext is wrapped by Open's error for an http:// URL without
	// AllowPlaintext, or with credentials.
	ErrPlaintext = httppost.ErrPlaintext

	// ErrToken is wrapped by the errors about the contents of TokenFile and
	// PasswordFile.
	ErrToken = httppost.ErrToken
)

// Defaults of Destination's fields. The limits are those of Loki's own
// configuration, as of version 3.
const (
	DefaultMaxLine          = 256 << 10 // max_line_size
	DefaultMaxMetadata      = 64 << 10  // max_structured_metadata_size
	DefaultMaxMetadataCount = 128       // max_structured_metadata_entries_count

	// DefaultMaxSkew is half of what a stream takes behind its newest entry
	// (max_chunk_age / 2).
	DefaultMaxSkew = 30 * time.Minute

	DefaultMaxRecords     = 5000
	DefaultMaxBytes       = 1 << 20
	DefaultMaxInFlight    = httppost.DefaultMaxInFlight
	DefaultConnectTimeout = httppost.DefaultConnectTimeout
	DefaultIdleTimeout    = httppost.DefaultIdleTimeout
)

// DefaultResourceLabels are the labels of a Destination that names none, by the
// names that OpenTelemetry gives them.
//
// The host is among them so that replicas have streams of their own: Loki refuses
// what is an hour behind the newest entry of its stream, and a replica that was
// cut off for longer would otherwise lose its backlog to those that were not.
// The instance's ID is not, for a new one with each start makes a new stream each.
func DefaultResourceLabels() []string {
	return []string{"service.name", "deployment.environment.name", "host.name"}
}

// Destination is a Grafana Loki, or a store that takes its push API. Only URL is
// required.
type Destination struct {
	// URL is the server, "https://loki:3100", or the gateway in front of it, with
	// the path where it is mounted. /loki/api/v1/push is added unless the path
	// ends in /push already. User information in it is sent as Basic
	// authorization. Required.
	URL string

	// AllowPlaintext allows an http:// URL, for a server on the same machine or
	// in a network that encrypts by itself. Credentials are refused with it,
	// wherever they are configured.
	AllowPlaintext bool

	// Tenant is sent as X-Scope-OrgID. Letters, digits and !-_.*'() are allowed,
	// 150 at most. Default: none, which is right for a server with auth_enabled:
	// false and for gateways that know the tenant by the credentials.
	Tenant string

	// Format is how a request is encoded. Default: Protobuf.
	Format Format

	// Labels are the same for all records: {"cluster": "eu1"}. They win over
	// ResourceLabels of the same name. Names are letters, digits and "_", do not
	// begin with a digit or "__", and are 15 at most, together with
	// ResourceLabels and LevelLabel. The map must not be changed after Open.
	// Default: none.
	Labels map[string]string

	// ResourceLabels names the fields and attributes of a record's resource that
	// become labels, as OpenTelemetry names them: "service.name" becomes
	// service_name. What a resource does not have is left out. An empty list that
	// is not nil: none. Default: "service.name", "deployment.environment.name" and
	// "host.name".
	//
	// There is no way to make labels of a record's attributes: each combination
	// of labels is a stream with files of its own, and one attribute such as a
	// user's ID makes thousands. All of them are structured metadata, which is
	// searched as labels are: {service_name="shop"} | user="7".
	ResourceLabels []string

	// LevelLabel makes a label "level" of the record's level, which is else in
	// the structured metadata. It makes up to seven streams of one, and as many
	// requests of each Send. Loki 3 has little use for it: its volume graphs read
	// the metadata.
	LevelLabel bool

	// Encoder writes the line. Default: none, which makes the message the line and
	// structured metadata of everything else, as Loki does it with what it
	// receives over OTLP. With an Encoder (encode.JSONLines, encode.Logfmt) the line
	// has everything and the metadata no more than log_id, level, trace_id and
	// span_id.
	Encoder encode.Encoder

	// NoMetadata sends no structured metadata, for a server with
	// allow_structured_metadata: false or a schema before v13. Encoder is then
	// encode.JSONLines by default. An encoder that leaves out the ID is no good
	// idea with it: Loki takes two records with the same nanosecond and line for
	// one.
	NoMetadata bool

	// MaxLine, MaxMetadata and MaxMetadataCount are the server's limits, in bytes
	// but for the count. A line is cut, and marked; a record with more or larger
	// attributes than the metadata may have gets the line of encode.JSONLines,
	// which has them all, instead of its message. Defaults 256 KiB, 64 KiB and
	// 128.
	MaxLine          int
	MaxMetadata      int
	MaxMetadataCount int

	// MaxSkew is how far a record's time may be before the moment in which it was
	// taken. One that claims more, or a future more than 5 minutes ahead, gets
	// the moment in which it was taken, and its own time as the metadata "time":
	// Loki would refuse it. Default 30 min; negative: each time is sent as it
	// is.
	MaxSkew time.Duration

	// Headers are sent with each request, see https.Destination. The map must not
	// be changed after Open. Default: none.
	Headers map[string]string

	// Authorize returns the value of the Authorization header. It is called for
	// each request, with Send's ctx, up to MaxInFlight times at once. Its error
	// makes Send fail plainly, and its text is shown, so it must not hold the
	// secret. Default: none.
	Authorize func(ctx context.Context) (string, error)

	// TokenFile names a file with a token, sent as "Authorization: Bearer …". It
	// is read for each request, so that a rotated token is used with the next
	// one; while it cannot be read the last token is used, until the server
	// answers 401 to it. It has to be there in Open. At most 64 KiB.
	// Default: none.
	TokenFile string

	// PasswordFile is the same for the password of Username, sent as Basic
	// authorization. In Grafana Cloud, Username is the number of the Loki instance.
	// Default: none.
	PasswordFile string

	// Username belongs to PasswordFile. Default: none.
	Username string

	// TLS lowers, narrows or extends what is spoken. Default: TLS 1.3, the
	// system's authorities, no client certificate.
	TLS *tlsconfig.Options

	// Proxy returns the proxy for a request, or nil for none. Default:
	// http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// MaxRecords and MaxBytes bound a request: MaxBytes is measured in the
	// buffer, a request takes about 1.5 times as much before compression. Defaults
	// 5,000 and 1 MiB; at most 100,000 and 16 MiB. Who goes above 2 MiB has to
	// raise Loki's grpc_server_max_recv_msg_size (4 MiB), and beyond 4 MiB
	// ingestion_burst_size_mb (6).
	MaxRecords int
	MaxBytes   int

	// MaxInFlight is how many requests may be under way at a time, at most 1,024.
	// Default 1.
	MaxInFlight int

	// ConnectTimeout bounds resolving and connecting, and once more the TLS
	// handshake. Default 5 s. The request as a whole is bounded by Send's ctx
	// (the route's SendTimeout).
	ConnectTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 90 s.
	IdleTimeout time.Duration

	// Resolver resolves the host of URL anew for each connection. Default:
	// net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// String returns the redacted URL, and GoString the same: a Destination that is
// printed by accident shows no credentials.
func (d Destination) String() string {
	return "loki.Destination(" + httpstatus.Redact(d.URL) + ")"
}

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields and reads the TLS files and the file with the
// credentials. It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	labels, err := newLabeler(&d)
	if err != nil {
		return nil, err
	}
	client, err := d.client()
	if err != nil {
		return nil, err
	}
	return &sender{dest: &d, client: client, labels: labels, format: d.Format.format(), entries: newEntries(&d, labels)}, nil
}

// client passes on what the requests need.
func (d *Destination) client() (*httppost.Client, error) {
	target, err := d.pushURL()
	if err != nil {
		return nil, err
	}
	headers, err := d.headers()
	if err != nil {
		return nil, err
	}
	o := httppost.Options{
		Adapter: "loki", URL: target, AllowPlaintext: d.AllowPlaintext, Headers: headers,
		Authorize: d.Authorize, TokenFile: d.TokenFile, Username: d.Username, PasswordFile: d.PasswordFile,
		TLS: d.TLS, Proxy: d.Proxy, Resolver: d.Resolver,
		MaxInFlight: d.MaxInFlight, ConnectTimeout: d.ConnectTimeout, IdleTimeout: d.IdleTimeout,
		ContentType: d.Format.contentType(),
	}
	if d.Format == JSON {
		o.Compressor = httppost.Gzip()
	}
	return o.Open()
}
