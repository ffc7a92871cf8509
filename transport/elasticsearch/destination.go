package elasticsearch

import (
	"cmp"
	"context"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/option"
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

	// ErrToken is wrapped by the errors about the contents of APIKeyFile,
	// TokenFile and PasswordFile.
	ErrToken = httppost.ErrToken
)

// Defaults of Destination's fields.
const (
	// DefaultIndex is a data stream, which Elasticsearch creates by itself from
	// its built-in template logs-*-*. OpenSearch makes a plain index of it.
	DefaultIndex = "logs-slogship-default"

	DefaultMaxRecords     = 5000
	DefaultMaxBytes       = 5 << 20
	DefaultMaxInFlight    = httppost.DefaultMaxInFlight
	DefaultConnectTimeout = httppost.DefaultConnectTimeout
	DefaultIdleTimeout    = httppost.DefaultIdleTimeout
)

// mostRecords and mostBytes keep a request below http.max_content_length, 100 MiB
// unless it was changed: a record in ECS takes up to twice its size in the
// buffer.
const (
	mostRecords = 50_000
	mostBytes   = 40 << 20
)

// Compression is the Content-Encoding of the requests.
type Compression uint8

const (
	// Gzip, the default, is taken by every Elasticsearch and OpenSearch, unless
	// http.compression was switched off.
	Gzip Compression = iota

	// Uncompressed sends the bytes as they are.
	Uncompressed
)

// String returns the compression's name.
func (c Compression) String() string {
	switch c {
	case Gzip:
		return "Gzip"
	case Uncompressed:
		return "Uncompressed"
	default:
		return fmt.Sprintf("Compression(%d)", uint8(c))
	}
}

// Destination is an Elasticsearch or OpenSearch cluster. Only URLs is required.
type Destination struct {
	// URLs are nodes of one cluster: "https://es1:9200", with a path where a
	// proxy wants one. They take turns, request by request; one that does not
	// answer is left out for a while. Nodes are not looked for (sniffing):
	// behind a load balancer or in a container their own addresses lead
	// nowhere. User information in a URL is sent as Basic authorization.
	// Required.
	URLs []string

	// AllowPlaintext allows http:// URLs, for a node on the same machine or in a
	// network that encrypts by itself. Credentials are refused with it, wherever
	// they are configured.
	AllowPlaintext bool

	// Index is the data stream, index or alias that records go to, at most 255
	// bytes. Parts in braces are replaced by the record's time in UTC:
	// "shop-{yyyy.MM.dd}", with yyyy, MM, dd and HH, and ".", "-" and "_"
	// between them. Default: "logs-slogship-default", a data stream.
	//
	// The time is the one that becomes @timestamp; that of a record which claims
	// to be more than a year away from when it was taken is not believed, since
	// each index costs the cluster memory.
	Index string

	// IndexAttr names the attribute that chooses among Indices, by its key or,
	// within groups, by "group.key". IndexAttr and Indices are needed both or
	// neither. Default: none.
	IndexAttr string

	// Indices has an Index for each value of IndexAttr that is wanted. Records
	// with any other value, or without, go to Index: what a record says never
	// becomes part of an index's name. The map must not be changed after Open.
	// Default: none.
	Indices map[string]string

	// Pipeline is the ingest pipeline that the records go through. Default: the
	// index's own (index.default_pipeline).
	Pipeline string

	// RequireDataStream makes the server refuse, as 404, to create a plain index
	// where a data stream is meant: a template that is missing is then an
	// outage to repair and not an index to reindex. Elasticsearch 8.13 and newer;
	// OpenSearch does not know it.
	RequireDataStream bool

	// SourceOnError is about what the server's errors quote of the documents.
	// Default: SourceAuto.
	SourceOnError SourceOnError

	// Encoder is the format of a document. It has to write JSON objects; data
	// streams demand a "@timestamp". Default: encode.ECS.
	Encoder encode.Encoder

	// Compression is the Content-Encoding. Default: Gzip. Bodies of less than
	// 1 KiB are never compressed.
	Compression Compression

	// Headers are sent with each request, see https.Destination. The map must not
	// be changed after Open. Default: none.
	Headers map[string]string

	// Authorize returns the value of the Authorization header ("ApiKey …"). It
	// is called for each request, with Send's ctx, up to MaxInFlight times at
	// once. Its error makes Send fail plainly, and its text is shown, so it must
	// not hold the secret. Default: none.
	Authorize func(ctx context.Context) (string, error)

	// APIKeyFile names a file with an API key in its encoded form (id and key
	// joined and in base64, as Kibana shows it), sent as "Authorization: ApiKey
	// …". The file is read for each request, so that a rotated key is used with
	// the next one; while it cannot be read the last key is used, until the
	// server answers 401 to it. It has to be there in Open. At most 64 KiB.
	// Default: none.
	APIKeyFile string

	// TokenFile is the same for a token of the token service or of OpenID
	// Connect, sent as "Authorization: Bearer …". Default: none.
	TokenFile string

	// PasswordFile is the same for the password of Username, sent as Basic
	// authorization. Default: none.
	PasswordFile string

	// Username belongs to PasswordFile. Default: none.
	Username string

	// TLS lowers, narrows or extends what is spoken. Default: TLS 1.3, the
	// system's authorities, no client certificate. With CertFile and KeyFile the server's
	// PKI realm knows the user by its certificate.
	TLS *tlsconfig.Options

	// Proxy returns the proxy for a request, or nil for none. Default:
	// http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// MaxRecords and MaxBytes bound a request: MaxBytes is measured in the
	// buffer; JSON in ECS takes about 1.5 times as much before compression.
	// Defaults 5,000 and 5 MiB, which is where Elasticsearch gains no more; at
	// most 50,000 and 40 MiB.
	MaxRecords int
	MaxBytes   int

	// MaxInFlight is how many requests may be under way at a time, to all nodes
	// together, at most 1,024. Default 1.
	MaxInFlight int

	// ConnectTimeout bounds resolving and connecting, and once more the TLS
	// handshake. Default 5 s. The request as a whole is bounded by Send's ctx
	// (the route's SendTimeout).
	ConnectTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 90 s.
	IdleTimeout time.Duration

	// Resolver resolves the hosts of URLs anew for each connection. Default:
	// net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// String returns the redacted URLs, and GoString the same: a Destination that is
// printed by accident shows no credentials.
func (d Destination) String() string {
	shown := make([]string, len(d.URLs))
	for i, u := range d.URLs {
		shown[i] = httpstatus.Redact(u)
	}
	return "elasticsearch.Destination(" + strings.Join(shown, " ") + ")"
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
	chooser, err := newChooser(&d)
	if err != nil {
		return nil, err
	}
	s := &sender{dest: &d, chooser: chooser, queries: newQueries(&d)}
	for _, u := range d.URLs {
		client, err := d.node(u, chooser.fixed)
		if err != nil {
			return nil, err
		}
		s.nodes.all = append(s.nodes.all, &node{client: client})
	}
	return s, nil
}

// withDefaults is the one place where defaults are applied and values checked
// that stand alone.
func (d Destination) withDefaults() (Destination, error) {
	if d.Encoder == nil {
		d.Encoder = encode.ECS{}
	}
	d.Index = cmp.Or(d.Index, DefaultIndex)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultMaxRecords)
	d.MaxBytes = cmp.Or(d.MaxBytes, DefaultMaxBytes)
	d.MaxInFlight = cmp.Or(d.MaxInFlight, DefaultMaxInFlight)
	media, _, _ := mime.ParseMediaType(d.Encoder.ContentType())
	if err := option.Check("elasticsearch", option.Fields{
		{"URLs", nil, len(d.URLs) == 0, "at least one"},
		{"MaxRecords", d.MaxRecords, d.MaxRecords < 0 || d.MaxRecords > mostRecords, fmt.Sprintf("1 to %d", mostRecords)},
		{"MaxBytes", d.MaxBytes, d.MaxBytes < 0 || d.MaxBytes > mostBytes, fmt.Sprintf("1 to %d", mostBytes)},
		{"Compression", d.Compression, d.Compression > Uncompressed, "Gzip or Uncompressed"},
		{"SourceOnError", d.SourceOnError, d.SourceOnError > SourceUnset, "SourceAuto, SourceHidden or SourceUnset"},
		{"Encoder", media, media != "application/json", "one that writes JSON"},
		{"APIKeyFile", nil, d.APIKeyFile != "" && d.TokenFile != "", "one source of credentials, and there is TokenFile"},
	}); err != nil {
		return d, err
	}
	return d, option.Wrap("elasticsearch", "Encoder", encode.Validate(d.Encoder))
}

// node makes the client of one node. index is part of the URL if it is the same
// for all records.
func (d *Destination) node(raw, index string) (*httppost.Client, error) {
	u, err := httpstatus.ParseURL(raw, "https", "http")
	if err != nil {
		return nil, option.Wrap("elasticsearch", "URLs", err)
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("elasticsearch: URLs %q: %w: want no query and no fragment", httpstatus.Redact(raw), ErrConfig)
	}
	u = u.JoinPath(index, "_bulk")
	o := httppost.Options{
		Adapter: "elasticsearch", URL: u.String(), AllowPlaintext: d.AllowPlaintext, Headers: d.Headers,
		Authorize: d.Authorize, TokenFile: d.TokenFile, Username: d.Username, PasswordFile: d.PasswordFile,
		TLS: d.TLS, Proxy: d.Proxy, Resolver: d.Resolver,
		MaxInFlight: d.MaxInFlight, ConnectTimeout: d.ConnectTimeout, IdleTimeout: d.IdleTimeout,
		// Not application/vnd.elasticsearch+x-ndjson, which OpenSearch refuses.
		ContentType: "application/x-ndjson",
	}
	if d.Compression == Gzip {
		o.Compressor = httppost.Gzip()
	}
	if d.APIKeyFile != "" {
		o.TokenField, o.TokenFile = "APIKeyFile", d.APIKeyFile
		o.TokenValue = func(key string) string { return "ApiKey " + key }
	}
	return o.Open()
}
