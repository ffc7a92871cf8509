package all

import (
	"os"

	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/udp"
)

// Schemes returns every scheme: a new map with each call, which is the caller's
// to change.
//
// Package memory has none: what a file sends there, nobody could read.
func Schemes() config.Schemes {
	all := config.Schemes{}
	for _, some := range []config.Schemes{streams(), datagrams(), acknowledged(), brokers(), web(), local(), groups()} {
		for name, scheme := range some {
			all[name] = scheme
		}
	}
	return all
}

// streams are connections without acknowledgements.
func streams() config.Schemes {
	return config.Schemes{
		"tcp":         config.SchemeOf(tcpURL),
		"tcp+tls":     config.SchemeOf(tcpURL, func(d *tcp.Destination) { d.TLS = safe() }),
		"unix":        config.SchemeOf(unixURL, func(d *tcp.Destination) { d.Network = "unix" }),
		"syslog":      config.SchemeOf(syslogURL),
		"syslog+tls":  config.SchemeOf(syslogURL, func(d *syslog.Destination) { d.TLS = safe() }),
		"syslog+unix": config.SchemeOf(syslogUnixURL),
	}
}

// datagrams may get lost.
func datagrams() config.Schemes {
	return config.Schemes{
		"udp":        config.SchemeOf(udpURL),
		"unixgram":   config.SchemeOf(unixgramURL, func(d *udp.Destination) { d.Network = "unixgram" }),
		"syslog+udp": config.SchemeOf(syslogURL, func(d *syslog.Destination) { d.Network = "udp" }),
	}
}

// acknowledged are receivers that answer for each batch or record.
func acknowledged() config.Schemes {
	grpcTLS := config.SchemeOf(grpcURL, func(d *grpc.Destination) { d.TLS = safe() })
	return config.Schemes{
		"relp":           config.SchemeOf(relpURL),
		"relp+tls":       config.SchemeOf(relpURL, func(d *relp.Destination) { d.TLS = safe() }),
		"lumberjack":     config.SchemeOf(lumberjackURL),
		"lumberjack+tls": config.SchemeOf(lumberjackURL, func(d *lumberjack.Destination) { d.TLS = safe() }),
		"grpc":           config.SchemeOf(grpcURL),
		"grpc+tls":       grpcTLS,
		"grpcs":          grpcTLS, // what gRPC's users write
	}
}

func brokers() config.Schemes {
	return config.Schemes{
		"amqp":      config.SchemeOf(amqpURL),
		"amqps":     config.SchemeOf(amqpURL, func(d *amqp.Destination) { d.TLS = safe() }),
		"kafka":     config.SchemeOf(kafkaURL),
		"kafka+tls": config.SchemeOf(kafkaURL, func(d *kafka.Destination) { d.TLS = safe() }),
	}
}

// web are servers that speak HTTP.
func web() config.Schemes {
	return config.Schemes{
		"https":               config.SchemeOf(httpsURL),
		"http":                config.SchemeOf(httpsURL, func(d *https.Destination) { d.AllowPlaintext = true }),
		"elasticsearch+https": config.SchemeOf(elasticsearchURL),
		"elasticsearch+http":  config.SchemeOf(elasticsearchURL, func(d *elasticsearch.Destination) { d.AllowPlaintext = true }),
		"loki+https":          config.SchemeOf(lokiURL),
		"loki+http":           config.SchemeOf(lokiURL, func(d *loki.Destination) { d.AllowPlaintext = true }),
		"otlp":                config.SchemeOf(otlpURL, func(d *otlp.Destination) { d.AllowPlaintext = true }),
		"otlp+https":          config.SchemeOf(otlpURL),
		"otlp+grpc":           config.SchemeOf(otlpURL, otlpGRPC, func(d *otlp.Destination) { d.AllowPlaintext = true }),
		"otlp+grpcs":          config.SchemeOf(otlpURL, otlpGRPC),
		"sentry":              config.SchemeOf(sentryURL),
		"sentry+http":         config.SchemeOf(sentryURL, func(d *sentry.Destination) { d.AllowPlaintext = true }),
	}
}

// local stays on this machine.
func local() config.Schemes {
	return config.Schemes{
		"file":     config.SchemeOf(fileURL),
		"journald": config.SchemeOf(journaldURL),
		"stdout":   config.SchemeOf(consoleURL, func(d *console.Destination) { d.Writer = os.Stdout }),
		"stderr":   config.SchemeOf(consoleURL, func(d *console.Destination) { d.Writer = os.Stderr }),
	}
}

// groups have members instead of a URL.
func groups() config.Schemes {
	return config.Schemes{
		"failover": config.SchemeOf[group.Failover](nil),
		"quorum":   config.SchemeOf[group.Quorum](nil),
		"balance":  config.SchemeOf[group.Balance](nil),
	}
}

// safe is TLS with its defaults.
func safe() *tlsconfig.Options { return &tlsconfig.Options{} }

func otlpGRPC(d *otlp.Destination) { d.Protocol = otlp.GRPC }
