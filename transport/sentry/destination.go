package sentry

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

var (
	// ErrConfig is wrapped by the errors of Open that are about a field.
	ErrConfig = httppost.ErrConfig

	// ErrPlaintext is wrapped by Open's error for an http:// DSN without
	// AllowPlaintext.
	ErrPlaintext = httppost.ErrPlaintext

	// ErrToken is wrapped by the errors about the contents of KeyFile.
	ErrToken = httppost.ErrToken

	// ErrEvent is wrapped by the permanent error for a record of which no event
	// can be made: BeforeSend panicked, or returned what is no JSON. It is not
	// about the server.
	ErrEvent = errors.New("no event can be made of the record")
)

// Defaults of Destination's fields.
const (
	// DefaultMaxAge is the MaxAge of [Destination.Route].
	DefaultMaxAge = time.Hour

	// DefaultMaxEvent is Sentry's limit for the JSON of one event, in bytes.
	DefaultMaxEvent = 1_000_000

	DefaultMaxRecords     = 100
	DefaultMaxBytes       = 1 << 20
	DefaultMaxInFlight    = httppost.DefaultMaxInFlight
	DefaultConnectTimeout = httppost.DefaultConnectTimeout
	DefaultIdleTimeout    = httppost.DefaultIdleTimeout
)

// Destination is a project at Sentry, or at a server that takes its envelopes.
// Only DSN is required.
type Destination struct {
	// DSN is the project's, "https://KEY@HOST/PROJECT". With KeyFile it has no
	// key: "https://HOST/PROJECT". Required.
	DSN string

	// KeyFile names a file with the DSN's public key, read for each request, so
	// that a replaced key is used with the next one. At most 64 KiB. Default: none.
	KeyFile string

	// AllowPlaintext allows an http:// DSN, for a server on the same machine or
	// in a network that encrypts by itself. The key goes over it: Sentry calls it
	// public, since all that can be done with it is to send events.
	AllowPlaintext bool

	// Mode is what records become. Default: Events.
	Mode Mode

	// EventsFrom is the level from which a record becomes an event. What is below
	// becomes none: with Mode Events it is acknowledged without being sent.
	// [Destination.Route] keeps it off the route. Default: slog.LevelError.
	EventsFrom slog.Leveler

	// Tags names the attributes that become tags, by which Sentry searches. One
	// within a group is named with the group, "http.method". Values are cut at 200
	// characters. All other attributes are in the context "attributes". The slice
	// must not be changed after Open. Default: none.
	Tags []string

	// User names the attribute that says who the user is: a group with id, email,
	// username, name and ip_address, or one value, the ID. Default: "user".
	User string

	// Template makes of a message what its events are grouped by. It is called on
	// the delivery worker, up to MaxInFlight times at once. A record at which it
	// panics goes to the dead letter. Default: [Template].
	Template func(message string) string

	// BeforeSend sees each event before it is sent, and returns it, changed or
	// not, or nil to discard it. It must not keep rec, and cannot change the
	// event's ID. It is called on the delivery worker, up to MaxInFlight times at
	// once. A record at which it panics goes to the dead letter.
	// Default: none.
	BeforeSend func(event *sdk.Event, rec *encode.Record) *sdk.Event

	// KeepLimited keeps records in the buffer while the server's rate limits last,
	// and sends them afterwards. Default: they are discarded, as Sentry demands of
	// its clients; see the package's Errors.
	KeepLimited bool

	// OnDiscard hears of what is discarded: n of a category ("error", "log_item"),
	// for a reason that Sentry has a name for ("ratelimit_backoff",
	// "before_send"). It is called on the delivery worker and must not block.
	// Default: nobody.
	OnDiscard func(reason, category string, n int)

	// MaxEvent bounds an event's JSON, in bytes. What is larger loses breadcrumbs,
	// then attributes but for short ones, then the inner exceptions, then all but
	// message, release and fingerprint, and says so in a tag. Default
	// 1,000,000; at least 4,096.
	MaxEvent int

	// Headers are sent with each request, see https.Destination. The map must not
	// be changed after Open. Default: none.
	Headers map[string]string

	// TLS lowers, narrows or extends what is spoken. Default: TLS 1.3, the
	// system's authorities, no client certificate.
	TLS *tlsconfig.Options

	// Proxy returns the proxy for a request, or nil for none. Default:
	// http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// MaxRecords and MaxBytes bound what one Send holds. An event has a request
	// of its own, so a Send with 100 takes 100 round trips. Defaults 100 and
	// 1 MiB; at most 10,000 and 16 MiB.
	MaxRecords int
	MaxBytes   int

	// MaxInFlight is how many requests may be under way at a time, at most 1,024.
	// Default 1.
	MaxInFlight int

	// ConnectTimeout bounds resolving and connecting, and once more the TLS
	// handshake. Default 5 s. A Send is bounded by its ctx (the route's
	// SendTimeout).
	ConnectTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 90 s.
	IdleTimeout time.Duration

	// Resolver resolves the host anew for each connection. Default:
	// net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// Route returns a route to d with what suits Sentry: the levels that d has a use
// for, and MaxAge an hour, after which nobody can do more about an error than its
// other logs tell. Change what you need in it.
func (d Destination) Route(name string) route.Route {
	r := route.Route{Name: name, To: d, MaxAge: DefaultMaxAge}
	if d.Mode == Events {
		r.Levels = route.AtLeast(d.eventsFrom())
	}
	return r
}

// eventsFrom is EventsFrom with its default.
func (d *Destination) eventsFrom() slog.Leveler {
	if d.EventsFrom == nil {
		return slog.LevelError
	}
	return d.EventsFrom
}

// String returns the DSN without its key, and GoString the same: a Destination
// that is printed by accident shows none.
func (d Destination) String() string { return "sentry.Destination(" + publicDSN(d.DSN) + ")" }

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields and reads the TLS files and KeyFile. It does not
// connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	at, err := parseDSN(d.DSN, d.KeyFile != "")
	if err != nil {
		return nil, err
	}
	client, err := d.client(at)
	if err != nil {
		return nil, err
	}
	return &sender{dest: &d, client: client, maker: newMaker(&d), now: time.Now}, nil
}

// client passes on what the requests need.
func (d *Destination) client(at *dsn) (*httppost.Client, error) {
	o := httppost.Options{
		Adapter: "sentry", URL: at.envelope, AllowPlaintext: d.AllowPlaintext, PublicCredentials: true,
		Headers: map[string]string{}, Secrets: at.secrets(), TLS: d.TLS, Proxy: d.Proxy, Resolver: d.Resolver,
		MaxInFlight: d.MaxInFlight, ConnectTimeout: d.ConnectTimeout, IdleTimeout: d.IdleTimeout,
		ContentType: "application/x-sentry-envelope", Compressor: httppost.Gzip(),
	}
	for name, value := range d.Headers {
		if http.CanonicalHeaderKey(name) == authHeader {
			return nil, fmt.Errorf("sentry: Headers %q: the transport sets this one: %w", name, ErrConfig)
		}
		o.Headers[name] = value
	}
	if d.KeyFile != "" {
		o.TokenFile, o.TokenField, o.TokenHeader = d.KeyFile, "KeyFile", authHeader
		o.TokenValue = func(key string) string { return authValue(key, "") }
	} else {
		o.Headers[authHeader] = authValue(at.key, at.secret)
	}
	return o.Open()
}
