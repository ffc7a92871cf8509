package amqp

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Defaults and limits of Destination's fields.
const (
	DefaultVHost          = "/"
	DefaultMessageType    = "log"
	DefaultConnectionName = "slogship"
	DefaultWindow         = 1000
	MaxWindow             = 10_000
	DefaultMaxMessage     = 16 << 20
	DefaultConnectTimeout = 5 * time.Second
	DefaultAnswerTimeout  = 30 * time.Second
	DefaultCloseTimeout   = time.Second
	DefaultHeartbeat      = 10 * time.Second
)

// Destination is an exchange of a RabbitMQ broker or cluster. Addrs and either
// Exchange or RoutingKey are required.
type Destination struct {
	// Addrs are nodes of one cluster, "host:port" each; 5672 is usual, and 5671
	// with TLS. Which is first is left to chance, and after a failure the next is
	// tried. Names are resolved for each connection. Required.
	Addrs []string

	// VHost is the virtual host. Default "/".
	VHost string

	// Exchange is where messages are published. Default: the default exchange,
	// which leads to the queue that RoutingKey names. It has to be there unless
	// Declare makes it.
	Exchange string

	// RoutingKey is the routing key, at most 255 bytes. Required without
	// Exchange, which may be all that a broker needs.
	RoutingKey string

	// ExchangeAttr names the attribute that chooses among Exchanges, by its key
	// or, within groups, by "group.key"; Exchanges has an exchange for each of
	// its values that is wanted. Records with any other value, or without, go to
	// Exchange: what a record says never becomes the name of an exchange. Both or
	// neither; the map must not be changed after Open. Default: none.
	ExchangeAttr string
	Exchanges    map[string]string

	// RoutingKeyAttr and RoutingKeys are the same for the routing key. Default:
	// none.
	RoutingKeyAttr string
	RoutingKeys    map[string]string

	// Declare is what is declared on each new connection. Default: nothing, the
	// topology is others' business.
	Declare *Topology

	// Username and Password are sent to log in (PLAIN). Default: guest and guest,
	// which RabbitMQ takes from its own machine only.
	Username string
	Password string `json:"-"`

	// PasswordFile names a file with the password, in place of Password. It is
	// read for each connection, white space around it is removed, and it has to
	// be there in Open. At most 64 KiB. Default: none.
	PasswordFile string

	// Credentials returns name and password, in place of the fields above. It is
	// called for each connection, with a ctx of at most ConnectTimeout. Its error
	// makes Send fail plainly, and its text is shown, so it must not hold the
	// secret. Default: none.
	Credentials func(ctx context.Context) (username, password string, err error) `json:"-"`

	// External logs in by the client certificate (EXTERNAL, RabbitMQ's plugin
	// rabbitmq_auth_mechanism_ssl), in place of a password.
	External bool

	// TLS switches TLS on. Default: none, which is plain TCP. A server's name is the host in Addrs
	// unless TLS.ServerName says otherwise.
	TLS *tlsconfig.Options

	// AllowPlaintext allows a password without TLS, on one machine or in a network
	// that encrypts by itself. The default guest needs no permission: it is no
	// secret.
	AllowPlaintext bool

	// Encoder is the format of a message's body. Default: encode.JSONLines.
	Encoder encode.Encoder

	// Headers names attributes, by key or "group.key", that become headers of the
	// message under that name: text of at most 256 bytes, or a number or bool.
	// At most 64, and as many as fit a frame. "CC" and "BCC", which would route
	// the message elsewhere, and names that begin with "x-" are refused. Default:
	// none.
	Headers []string

	// MessageType is the message's type property. Default "log".
	MessageType string

	// ConnectionName is what RabbitMQ's management shows. Default "slogship".
	ConnectionName string

	// Window is how many messages may be published without having been confirmed.
	// Default 1,000, which is a whole batch; at most 10,000.
	Window int

	// MaxMessage is the most bytes that a body may have; a longer one is refused
	// as permanent. Default 16 MiB, RabbitMQ 4's own limit (max_message_size;
	// before that it was 128 MiB). A body above a lower limit of the broker's is
	// found out and refused as well, see the package's Errors section.
	MaxMessage int

	// ConnectTimeout bounds resolving, connecting, TLS, the login, opening the
	// channel and Declare, over all Addrs. Default 5 s.
	ConnectTimeout time.Duration

	// AnswerTimeout is how long the broker may leave everything unconfirmed
	// before the connection is given up. Time during which it says that it takes
	// nothing does not count. Default 30 s. A Send ends with the route's
	// SendTimeout if that is shorter; the next one goes on waiting.
	AnswerTimeout time.Duration

	// CloseTimeout is how long Close waits for the orderly end. Default 1 s.
	CloseTimeout time.Duration

	// Heartbeat is what we offer the broker, in whole seconds; the smaller of both
	// sides' is used. A peer that is silent for one and a half of them is given
	// up. Default 10 s.
	Heartbeat time.Duration

	// Lifetime is how long a connection is used before it is closed in order and
	// opened anew, so that a load balancer can spread long-lived senders.
	// Default 0: for as long as it works.
	Lifetime time.Duration

	// Resolver resolves Addrs. Default: net.DefaultResolver.
	Resolver *net.Resolver
}

var _ transport.Destination = Destination{}

// String returns where records go, without credentials.
func (d Destination) String() string {
	return fmt.Sprintf("amqp.Destination(%s, vhost %q, exchange %q)", strings.Join(d.Addrs, ","), cmp.Or(d.VHost, DefaultVHost), d.Exchange)
}

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields and reads the TLS files and PasswordFile. It does not
// connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &sender{
		dest:     d,
		exchange: newChooser(d.Exchange, d.ExchangeAttr, d.Exchanges),
		key:      newChooser(d.RoutingKey, d.RoutingKeyAttr, d.RoutingKeys),
	}
	for _, addr := range d.Addrs {
		host, err := hostaddr.Parse("tcp", addr, d.Resolver)
		if err != nil {
			return nil, option.Wrap("amqp", "Addrs", err)
		}
		t.hosts.names = append(t.hosts.names, host)
	}
	if d.PasswordFile != "" {
		if _, err := readPassword(d.PasswordFile); err != nil {
			return nil, err
		}
	}
	if d.TLS != nil {
		if t.hosts.tls, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("amqp: TLS: %w", err)
		}
	}
	return t, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	d.VHost = cmp.Or(d.VHost, DefaultVHost)
	d.MessageType = cmp.Or(d.MessageType, DefaultMessageType)
	d.ConnectionName = cmp.Or(d.ConnectionName, DefaultConnectionName)
	d.Window = cmp.Or(d.Window, DefaultWindow)
	d.MaxMessage = cmp.Or(d.MaxMessage, DefaultMaxMessage)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.AnswerTimeout = cmp.Or(d.AnswerTimeout, DefaultAnswerTimeout)
	d.CloseTimeout = cmp.Or(d.CloseTimeout, DefaultCloseTimeout)
	d.Heartbeat = cmp.Or(d.Heartbeat, DefaultHeartbeat)
	if err := encode.Validate(d.Encoder); err != nil {
		return d, option.Wrap("amqp", "Encoder", err)
	}
	for _, check := range []func() error{d.checkFields, d.checkRouting, d.checkLogin, d.checkHeaders, d.Declare.validate} {
		if err := check(); err != nil {
			return d, err
		}
	}
	d.Headers = slices.Clone(d.Headers) // the caller may go on using it
	return d, nil
}

func (d *Destination) checkFields() error {
	return option.Check("amqp", option.Fields{
		{"Addrs", d.Addrs, len(d.Addrs) == 0, "at least one"},
		{"VHost", d.VHost, len(d.VHost) > maxShort, "at most 255 bytes"},
		{"MessageType", d.MessageType, len(d.MessageType) > maxShort, "at most 255 bytes"},
		{"ConnectionName", d.ConnectionName, len(d.ConnectionName) > maxShort, "at most 255 bytes"},
		{"Encoder", d.Encoder.ContentType(), len(d.Encoder.ContentType()) > maxShort, "a media type of at most 255 bytes"},
		{"Window", d.Window, d.Window < 1 || d.Window > MaxWindow, "1 to 10,000"},
		{"MaxMessage", d.MaxMessage, d.MaxMessage < 1 || d.MaxMessage > 512<<20, "1 byte to 512 MiB"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"AnswerTimeout", d.AnswerTimeout, d.AnswerTimeout < 0, option.NoNegativeTime},
		{"CloseTimeout", d.CloseTimeout, d.CloseTimeout < 0, option.NoNegativeTime},
		{"Heartbeat", d.Heartbeat, d.Heartbeat < time.Second || d.Heartbeat > time.Hour, "1 s to 1 h"},
		{"Lifetime", d.Lifetime, d.Lifetime < 0, option.NoNegativeTime},
	})
}

func (d *Destination) checkRouting() error {
	fields := option.Fields{
		{"Exchange", d.Exchange, len(d.Exchange) > maxShort, "at most 255 bytes"},
		{"RoutingKey", d.RoutingKey, len(d.RoutingKey) > maxShort, "at most 255 bytes"},
		{"RoutingKey", d.RoutingKey, d.Exchange == "" && d.RoutingKey == "", "the name of a queue, as there is no Exchange"},
		{"ExchangeAttr", d.ExchangeAttr, (d.ExchangeAttr == "") != (len(d.Exchanges) == 0), "both it and Exchanges, or neither"},
		{"RoutingKeyAttr", d.RoutingKeyAttr, (d.RoutingKeyAttr == "") != (len(d.RoutingKeys) == 0), "both it and RoutingKeys, or neither"},
	}
	for value, name := range d.Exchanges {
		fields = append(fields, option.Fields{{fmt.Sprintf("Exchanges[%q]", value), name, len(name) > maxShort, "at most 255 bytes"}}...)
	}
	for value, key := range d.RoutingKeys {
		fields = append(fields, option.Fields{{fmt.Sprintf("RoutingKeys[%q]", value), key, len(key) > maxShort, "at most 255 bytes"}}...)
	}
	return option.Check("amqp", fields)
}

// checkLogin also keeps a password off a connection that everyone can read.
func (d *Destination) checkLogin() error {
	ways := 0
	for _, used := range []bool{d.External, d.Credentials != nil, d.PasswordFile != "", d.Password != ""} {
		if used {
			ways++
		}
	}
	named := d.External || d.Credentials != nil
	if err := option.Check("amqp", option.Fields{
		{"Password", nil, ways > 1, "one of Password, PasswordFile, Credentials and External"},
		{"Username", d.Username, named && d.Username != "", "none, with Credentials or External"},
		{"Username", d.Username, !named && (d.Username == "") != (ways == 0), "both a name and a password"},
		{"External", d.External, d.External && d.TLS == nil, "TLS, with a client certificate"},
	}); err != nil {
		return err
	}
	if ways > 0 && d.TLS == nil && !d.AllowPlaintext {
		return fmt.Errorf("amqp: TLS: %w: set TLS, or AllowPlaintext", ErrPlaintext)
	}
	return nil
}

func (d *Destination) checkHeaders() error {
	own := []string{HeaderLevel, HeaderTraceID, HeaderSpanID, HeaderVersion, "CC", "BCC"}
	fields := option.Fields{{"Headers", len(d.Headers), len(d.Headers) > 64, "at most 64"}}
	for _, name := range d.Headers {
		bad := name == "" || len(name) > 128 || slices.Contains(own, name) || strings.HasPrefix(strings.ToLower(name), "x-")
		fields = append(fields, option.Fields{{"Headers", name, bad, `1 to 128 bytes, no header that there is already, not "CC", "BCC" or "x-…"`}}...)
	}
	return option.Check("amqp", fields)
}
