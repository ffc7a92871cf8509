package main

import (
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// bulkTo writes documents into a data stream, with nothing in between.
func (w ways) bulkTo() elasticsearch.Destination {
	d := elasticsearch.Destination{URLs: []string{w.bulk}, Index: "logs-shop-default", APIKeyFile: w.key}
	if w.ca != "" {
		d.TLS = &tlsconfig.Options{CAFile: w.ca}
	}
	// A node on the same machine without TLS, to try it. It is refused as soon as
	// there is a key.
	d.AllowPlaintext = w.key == "" && w.ca == ""
	return d
}
