package https

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

	// ErrEarlyAnswer is returned by Send for a 2xx that came before the request
	// had been read: some proxies and mistaken handlers answer so, and what they
	// have not read they cannot have taken responsibility for. The batch goes
	// again.
	ErrEarlyAnswer = httppost.ErrEarlyAnswer
)

// Defaults of Destination's fields.
const (
	DefaultMaxInFlight    = httppost.DefaultMaxInFlight
	DefaultConnectTimeout = httppost.DefaultConnectTimeout
	DefaultIdleTimeout    = httppost.DefaultIdleTimeout
)

// Destination is an HTTP server that takes log records. Only URL is required.
type Destination struct {
	// URL is where batches are POSTed to: "https://host/path?query". User
	// information in it is sent as Basic authorization. Required.
	URL string

	// AllowPlaintext allows an http:// URL, for a receiver on the same machine
	// or in a network that encrypts by itself. Credentials are refused with it,
	// wherever they are configured: user information, Authorize, a file, and
	// headers and query parameters whose name says that they are one.
	AllowPlaintext bool

	// Encoder is the format of a record. Default: encode.JSONLines.
	Encoder encode.Encoder

	// Format is how records become one body. Default: NDJSON.
	Format Format

	// Compression is the Content-Encoding. Default: Gzip. Bodies of less than
	// 1 KiB are never compressed.
	Compression Compression

	// Headers are sent with each request. Those that belong to the protocol
	// (Content-Length, Content-Encoding, Connection, Expect, Idempotency-Key and
	// the like) are refused; Content-Type, User-Agent and Host replace what is
	// sent otherwise. The map must not be changed after Open. Default: none.
	Headers map[string]string

	// Authorize returns the value of the Authorization header ("Bearer …"). It
	// is called for each request, with Send's ctx, up to MaxInFlight times at
	// once: keep a token that is valid for long. Its error makes Send fail
	// plainly, and its text is shown, so it must not hold the secret.
	// Default: none.
	Authorize func(ctx context.Context) (string, error)

	// TokenFile names a file with a token, sent as "Authorization: Bearer …".
	// It is read for each request, so that a rotated token is used with the next
	// one. White space around the token is removed. While the file cannot be
	// read the last token is used, until the server answers 401 to it. The file
	// has to be there in Open. At most 64 KiB. Default: none.
	TokenFile string

	// TokenHeader names the header that TokenFile's token is sent in, by itself,
	// in place of Authorization: "X-Api-Key". Default: Authorization.
	TokenHeader string

	// PasswordFile is as TokenFile for the password of Username, sent as Basic
	// authorization. Default: none.
	PasswordFile string

	// Username belongs to PasswordFile. Default: none.
	Username string

	// TLS lowers, narrows or extends what is spoken. Default: TLS 1.3, the
	// system's authorities, no client certificate. Its files are looked at every 5 s; new
	// contents are used from the next connection on, which is made at once.
	TLS *tlsconfig.Options

	// Proxy returns the proxy for a request, or nil for none. Default:
	// http.ProxyFromEnvironment, which reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY
	// once per process. To ignore the environment return nil, nil.
	Proxy func(*http.Request) (*url.URL, error)

	// HTTP1 speaks HTTP/1.1 even with a server that offers HTTP/2, so that each
	// batch in flight has a connection of its own. Default: what the server
	// prefers.
	HTTP1 bool

	// MaxInFlight is how many requests may be under way at a time, at most
	// 1,024. Above 1, order is kept within a request only. Default 1.
	MaxInFlight int

	// ConnectTimeout bounds resolving and connecting, and once more the TLS
	// handshake. Default 5 s. The request as a whole is bounded by Send's ctx
	// (the route's SendTimeout).
	ConnectTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 90 s. Servers
	// and load balancers close theirs after 60 s or more.
	IdleTimeout time.Duration

	// Resolver resolves the host of URL, or of the proxy, anew for each
	// connection. Default: net.DefaultResolver. Its addresses are tried one after
	// the other, those that failed last.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// String returns the redacted URL, and GoString the same: a Destination that is
// printed by accident shows no credentials.
func (d Destination) String() string { return "https.Destination(" + httpstatus.Redact(d.URL) + ")" }

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields and reads the TLS files and the file with the
// credentials. It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	if err := checkFormat(d.Format, d.Encoder); err != nil {
		return nil, err
	}
	o, err := d.options().WithDefaults()
	if err != nil {
		return nil, err
	}
	d.MaxInFlight = o.MaxInFlight
	if o.Compressor, err = newCompressor(d.Compression, o.MaxInFlight); err != nil {
		return nil, err
	}
	c, err := o.Open()
	if err != nil {
		return nil, err
	}
	return &client{dest: &d, http: c}, nil
}

// options are what the client has to know of d.
func (d *Destination) options() httppost.Options {
	return httppost.Options{
		Adapter: "https", URL: d.URL, AllowPlaintext: d.AllowPlaintext, Headers: d.Headers,
		Authorize: d.Authorize, TokenFile: d.TokenFile, TokenHeader: d.TokenHeader, Username: d.Username, PasswordFile: d.PasswordFile,
		TLS: d.TLS, Proxy: d.Proxy, HTTP1: d.HTTP1, Resolver: d.Resolver,
		MaxInFlight: d.MaxInFlight, ConnectTimeout: d.ConnectTimeout, IdleTimeout: d.IdleTimeout,
		ContentType: d.Format.contentType(d.Encoder),
	}
}
