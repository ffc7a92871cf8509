package httppost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Errors that Open and Send of the adapters wrap; they export those that their
// users have to tell apart.
var (
	// ErrConfig is about a field's value.
	ErrConfig = option.ErrConfig

	// ErrPlaintext is for an http:// URL without AllowPlaintext, or with
	// credentials.
	ErrPlaintext = errors.New("http:// is not encrypted")
)

// Defaults of the fields.
const (
	DefaultMaxInFlight    = 1
	DefaultConnectTimeout = 5 * time.Second
	DefaultIdleTimeout    = 90 * time.Second
)

// maxInFlight bounds MaxInFlight: each takes buffers, and no network is so long
// that it holds more.
const maxInFlight = 1024

// Options is what an adapter's Destination says of its requests. Only Adapter,
// URL and ContentType are required. transport/https documents the fields for
// users.
type Options struct {
	Adapter string // the package's name: errors begin with it
	URL     string // "https://host/path?query"

	AllowPlaintext bool
	Headers        map[string]string // must not be changed after Open

	Authorize   func(ctx context.Context) (string, error) // the Authorization header's value
	TokenFile   string                                    // a secret, read for each request
	TokenHeader string                                    // in place of Authorization; the secret by itself, unless there is a TokenValue
	TokenValue  func(secret string) string                // the header's value for TokenFile. Default: "Bearer " and the secret
	TokenField  string                                    // what the adapter calls TokenFile. Default: "TokenFile"

	// Username and PasswordFile, a secret that is read for each request, are sent
	// as Basic authorization. Both or neither, and then no TokenFile.
	Username     string
	PasswordFile string

	// Secrets are parts of Headers that are secrets by themselves, to be masked.
	Secrets []string

	// PublicCredentials lets credentials go over http://, with AllowPlaintext:
	// those that the protocol itself calls public, such as the key in a Sentry DSN.
	PublicCredentials bool

	TLS      *tlsconfig.Options
	Proxy    func(*http.Request) (*url.URL, error) // default: http.ProxyFromEnvironment
	HTTP1    bool
	ShownURL string // in errors, in place of URL, whose path may be the protocol's own. Default: URL
	GRPC     bool   // HTTP/2 only, over http:// by prior knowledge, and trailers are asked for
	Resolver *net.Resolver

	MaxInFlight    int
	ConnectTimeout time.Duration
	IdleTimeout    time.Duration

	ContentType string
	Compressor  Compressor // nil: bodies are not compressed
}

// Open checks the options and reads the TLS files and TokenFile. It does not
// connect. Its errors begin with Adapter and hold no secret; those about a field's
// value wrap ErrConfig or ErrPlaintext, those about a secret file's contents
// ErrToken.
func (o Options) Open() (*Client, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return nil, err
	}
	if err := o.usePassword(); err != nil {
		return nil, err
	}
	u, err := httpstatus.ParseURL(o.URL, "https", "http")
	if err != nil {
		return nil, option.Wrap(o.Adapter, "URL", err)
	}
	headers, err := o.checkHeaders()
	if err != nil {
		return nil, err
	}
	if err := o.checkPlaintext(u, headers); err != nil {
		return nil, err
	}
	return o.client(u, headers)
}

// WithDefaults is the one place where defaults are applied and values checked
// that stand alone. Open calls it.
func (o Options) WithDefaults() (Options, error) {
	o.MaxInFlight = cmp.Or(o.MaxInFlight, DefaultMaxInFlight)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, DefaultConnectTimeout)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, DefaultIdleTimeout)
	o.TokenField = cmp.Or(o.TokenField, "TokenFile")
	return o, option.Check(o.Adapter, option.Fields{
		{"MaxInFlight", o.MaxInFlight, o.MaxInFlight < 0 || o.MaxInFlight > maxInFlight, "1 to 1,024"},
		{"ConnectTimeout", o.ConnectTimeout, o.ConnectTimeout < 0, option.NoNegativeTime},
		{"IdleTimeout", o.IdleTimeout, o.IdleTimeout < 0, option.NoNegativeTime},
	})
}

// checkPlaintext keeps credentials off an unencrypted connection. There is no
// exception for loopback addresses: what runs there today moves elsewhere with
// one changed line, and nobody would look here again.
func (o *Options) checkPlaintext(u *url.URL, headers http.Header) error {
	if u.Scheme == "https" {
		return nil
	}
	found := ""
	switch {
	case !o.AllowPlaintext:
		return fmt.Errorf("%s: URL %q: use https://, or set AllowPlaintext: %w", o.Adapter, httpstatus.Redact(o.URL), ErrPlaintext)
	case o.TLS != nil:
		return fmt.Errorf("%s: TLS with URL %q: %w", o.Adapter, httpstatus.Redact(o.URL), ErrPlaintext)
	case o.PublicCredentials:
		return nil
	case u.User != nil:
		found = "the URL's user information"
	case o.Authorize != nil:
		found = "Authorize"
	case o.TokenFile != "":
		found = o.TokenField
	}
	for name := range headers {
		if httpstatus.Sensitive(name) {
			found = fmt.Sprintf("Headers %q", name)
		}
	}
	for name := range u.Query() {
		if httpstatus.Sensitive(name) {
			found = fmt.Sprintf("the URL's parameter %q", name)
		}
	}
	if found != "" {
		return fmt.Errorf("%s: %s with URL %q: credentials are sent over https:// only: %w", o.Adapter, found, httpstatus.Redact(o.URL), ErrPlaintext)
	}
	return nil
}
