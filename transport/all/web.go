package all

import (
	"net/url"
	"strings"

	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/sentry"
)

// The ports of collectors without TLS. With TLS it is 443, as in every URL: such
// receivers are services behind a gateway.
const (
	portOTLP     = "4318"
	portOTLPGRPC = "4317"
)

func httpsURL(d *https.Destination, u *url.URL) (err error) {
	d.URL, err = over(u, webScheme(u.Scheme))
	return err
}

// elasticsearchURL makes a URL for each of the hosts, which share path and
// credentials.
func elasticsearchURL(d *elasticsearch.Destination, u *url.URL) error {
	for _, host := range strings.Split(u.Host, ",") {
		node := *u
		node.Host = host
		raw, err := over(&node, webScheme(u.Scheme))
		if err != nil {
			return err
		}
		d.URLs = append(d.URLs, raw)
	}
	return nil
}

func lokiURL(d *loki.Destination, u *url.URL) (err error) {
	d.URL, err = over(u, webScheme(u.Scheme))
	return err
}

// otlpURL also says which of the protocols, so that a variable which is meant for
// another exporter does not.
func otlpURL(d *otlp.Destination, u *url.URL) (err error) {
	port := portOTLP
	if d.Protocol == otlp.GRPC {
		port = portOTLPGRPC
	} else {
		d.Protocol = otlp.HTTP
	}
	scheme := webScheme(u.Scheme)
	if scheme == "http" && u.Port() == "" && u.Host != "" {
		u.Host += ":" + port
	}
	d.URL, err = over(u, scheme)
	return err
}

// sentryURL is the project's DSN with another scheme, so the key stands where a
// user's name does.
func sentryURL(d *sentry.Destination, u *url.URL) (err error) {
	d.DSN, err = over(u, webScheme(u.Scheme))
	return err
}
