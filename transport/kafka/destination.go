package kafka

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// ErrConfig is wrapped by the errors of Open that are about a field.
var ErrConfig = option.ErrConfig

// Defaults of Destination's fields.
const (
	DefaultClientID       = "slogship"
	DefaultMaxRecords     = 1000
	DefaultMaxBytes       = 1 << 20
	DefaultMaxBatchBytes  = 1_000_000
	DefaultConnectTimeout = 5 * time.Second
	DefaultAnswerTimeout  = 30 * time.Second
	DefaultIdleTimeout    = 4 * time.Minute
	DefaultKeepAlive      = 15 * time.Second
	DefaultMetadataAge    = 5 * time.Minute
)

// Limits of fields. mostBatchBytes stays far below a broker's
// socket.request.max.bytes, 100 MiB unless it was changed.
const (
	mostRecords    = 50_000
	mostBytes      = 16 << 20
	mostBatchBytes = 32 << 20
)

// Destination is a Kafka cluster. Brokers is required, and Topic or Topics.
type Destination struct {
	// Brokers are addresses ("kafka-1:9092") of some brokers of one cluster, to
	// ask for the others. They are resolved for each connection. Records go to
	// the addresses that the brokers advertise. Required.
	Brokers []string

	// Topic is where records go that TopicAttr does not send elsewhere. Required
	// without Topics.
	Topic string

	// TopicAttr names the attribute that chooses among Topics, by its key or,
	// within groups, by "group.key". TopicAttr and Topics are needed both or
	// neither. Default: none.
	TopicAttr string

	// Topics has a topic for each value of TopicAttr that is wanted. Records
	// with any other value, or without, go to Topic; without a Topic they are
	// permanent errors. What a record says never becomes part of a topic's name.
	// The map must not be changed after Open. Default: none.
	Topics map[string]string

	// CreateTopics creates a topic that the cluster does not have, when the first
	// record for it comes. Default: none, so that a missing topic is an error, and
	// its records wait in the buffer. The brokers' own auto.create.topics.enable is
	// never made use of.
	CreateTopics *NewTopic

	// Encoder is the format of a message's value. Default: encode.JSONLines.
	Encoder encode.Encoder

	// KeyAttr names the attribute that becomes the message's key, by its key or
	// by "group.key". Default: the key is the trace id, 32 hexadecimal digits. A
	// record without that has no key.
	KeyAttr string

	// NoKey sends messages without keys.
	NoKey bool

	// Balancer chooses partitions. Default: LeastBytes.
	Balancer Balancer

	// Compression of record batches. Default: Snappy.
	Compression Compression

	// TLS switches TLS on. Default: none, which is plain TCP. The server's name is the host of
	// each broker's address unless TLS.ServerName says otherwise.
	TLS *tlsconfig.Options

	// SASL authenticates each connection. Default: none, so no credentials (or
	// a client certificate in TLS).
	SASL *SASL

	// AllowPlaintext allows SASL with mechanism Plain without TLS, which shows
	// the password to the network.
	AllowPlaintext bool

	// ClientID is what brokers see in their logs and quotas. Default
	// "slogship".
	ClientID string

	// MaxRecords and MaxBytes bound a Send: MaxBytes is measured in the buffer.
	// Defaults 1,000 and 1 MiB; at most 50,000 and 16 MiB. A broker that dies
	// may store up to a whole Send twice.
	MaxRecords int
	MaxBytes   int

	// MaxBatchBytes bounds a record batch, which is what of one Send goes to one
	// partition, before compression. It has to be below the brokers'
	// message.max.bytes and the topics' max.message.bytes. Default 1,000,000,
	// just below their default; at most 32 MiB. A batch that a broker calls too
	// large nonetheless is cut in two until it fits, and so are the topic's next
	// ones, until the metadata are asked for again.
	MaxBatchBytes int

	// ConnectTimeout bounds resolving, connecting, TLS and SASL. Default 5 s.
	ConnectTimeout time.Duration

	// AnswerTimeout is how long a broker may say nothing and take nothing before
	// its connection is given up. A broker is asked to answer within three
	// quarters of that, or of what is left of the route's SendTimeout. Default
	// 30 s.
	AnswerTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. Default 4 min, below
	// the limits of brokers (connections.max.idle.ms, 10 min) and of the usual
	// load balancers.
	IdleTimeout time.Duration

	// KeepAlive is how long a connection is quiet before, and how far apart, TCP
	// probes are sent; four without an answer break it. Default 15 s, negative:
	// none.
	KeepAlive time.Duration

	// MetadataAge is how long the list of brokers, partitions and leaders is
	// used before it is asked for again without an error that asks for it. New
	// partitions are found that late. Default 5 min.
	MetadataAge time.Duration

	// Resolver resolves the hosts of Brokers and of what they advertise.
	// Default: net.DefaultResolver.
	Resolver *net.Resolver
}

// NewTopic says how a topic that is missing is created.
type NewTopic struct {
	// Partitions and Replicas of the topic. Default: the broker's num.partitions
	// and default.replication.factor.
	Partitions int
	Replicas   int

	// Configs are the topic's configuration, such as {"retention.ms":
	// "604800000", "min.insync.replicas": "2"}. The map must not be changed
	// after Open. Default: the broker's.
	Configs map[string]string
}

var (
	_ transport.Destination = Destination{}
	_ transport.Transport   = (*sender)(nil)
	_ transport.Prober      = (*sender)(nil)
	_ transport.Client      = (*sender)(nil)
)

// String returns the brokers and the topic: a Destination that is printed by
// accident shows no credentials. GoString returns the same.
func (d Destination) String() string {
	return fmt.Sprintf("kafka.Destination(%s %s)", strings.Join(d.Brokers, ","), d.Topic)
}

// GoString returns what String returns.
func (d Destination) GoString() string { return d.String() }

// Open checks the fields and reads the TLS files and the file with the password.
// It does not connect.
func (d Destination) Open() (transport.Transport, error) {
	d, err := d.withDefaults()
	if err != nil {
		return nil, err
	}
	router, err := newRouter(&d)
	if err != nil {
		return nil, err
	}
	s := &sender{dest: &d, router: router, key: d.KeyAttr}
	s.cluster = cluster{dest: &d, topics: make(map[string]*topic), brokers: make(map[int32]*broker), conns: &s.conns}
	for _, name := range router.names {
		s.cluster.topics[name] = &topic{name: name, err: errUnnamed, limit: d.MaxBatchBytes}
	}
	seed := &broker{id: noBroker, addr: strings.Join(d.Brokers, ",")}
	if seed.dialer.Hosts, err = ackconn.ParseHosts(d.Brokers, d.Resolver); err != nil {
		return nil, option.Wrap("kafka", "Brokers", err)
	}
	if d.TLS != nil {
		if s.cluster.tls, err = d.TLS.Client(); err != nil {
			return nil, fmt.Errorf("kafka: TLS: %w", err)
		}
	}
	if err := d.SASL.open(); err != nil {
		return nil, err
	}
	s.cluster.prepare(seed)
	s.cluster.seed = seed
	return s, nil
}

// withDefaults is the one place where fields are checked and defaults applied.
func (d Destination) withDefaults() (Destination, error) {
	if d.Encoder == nil {
		d.Encoder = encode.JSONLines{}
	}
	d.ClientID = cmp.Or(d.ClientID, DefaultClientID)
	d.MaxRecords = cmp.Or(d.MaxRecords, DefaultMaxRecords)
	d.MaxBytes = cmp.Or(d.MaxBytes, DefaultMaxBytes)
	d.MaxBatchBytes = cmp.Or(d.MaxBatchBytes, DefaultMaxBatchBytes)
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, DefaultConnectTimeout)
	d.AnswerTimeout = cmp.Or(d.AnswerTimeout, DefaultAnswerTimeout)
	d.IdleTimeout = cmp.Or(d.IdleTimeout, DefaultIdleTimeout)
	d.KeepAlive = cmp.Or(d.KeepAlive, DefaultKeepAlive)
	d.MetadataAge = cmp.Or(d.MetadataAge, DefaultMetadataAge)
	if err := encode.Validate(d.Encoder); err != nil {
		return d, option.Wrap("kafka", "Encoder", err)
	}
	return d, d.validate()
}

func (d *Destination) validate() error {
	created := d.CreateTopics
	if created == nil {
		created = &NewTopic{}
	}
	if err := option.Check("kafka", option.Fields{
		{"Brokers", len(d.Brokers), len(d.Brokers) == 0, "at least one address"},
		{"ClientID", len(d.ClientID), len(d.ClientID) > 249, "at most 249 bytes"},
		{"KeyAttr", d.KeyAttr, d.KeyAttr != "" && d.NoKey, "no KeyAttr with NoKey"},
		{"Balancer", d.Balancer, d.Balancer > Sticky, "LeastBytes, Hash, RoundRobin or Sticky"},
		{"Balancer", d.Balancer, d.Balancer == Hash && d.NoKey, "another than Hash with NoKey"},
		{"Compression", d.Compression, d.Compression > Uncompressed, "Snappy, Lz4, Zstd, Gzip or Uncompressed"},
		{"CreateTopics.Partitions", created.Partitions, created.Partitions < 0 || created.Partitions > 100_000, "0 to 100,000"},
		{"CreateTopics.Replicas", created.Replicas, created.Replicas < 0 || created.Replicas > 1000, "0 to 1,000"},
		{"MaxRecords", d.MaxRecords, d.MaxRecords < 0 || d.MaxRecords > mostRecords, "1 to 50,000"},
		{"MaxBytes", d.MaxBytes, d.MaxBytes < 0 || d.MaxBytes > mostBytes, "1 to 16 MiB"},
		{"MaxBatchBytes", d.MaxBatchBytes, d.MaxBatchBytes < 0 || d.MaxBatchBytes > mostBatchBytes, "1 to 32 MiB"},
		{"ConnectTimeout", d.ConnectTimeout, d.ConnectTimeout < 0, option.NoNegativeTime},
		{"AnswerTimeout", d.AnswerTimeout, d.AnswerTimeout < 0, option.NoNegativeTime},
		{"IdleTimeout", d.IdleTimeout, d.IdleTimeout < 0, option.NoNegativeTime},
		{"MetadataAge", d.MetadataAge, d.MetadataAge < 0, option.NoNegativeTime},
	}); err != nil {
		return err
	}
	if d.SASL != nil {
		return d.SASL.validate(d.TLS != nil || d.AllowPlaintext)
	}
	return nil
}
