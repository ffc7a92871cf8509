package main

import (
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// beatsTo sends events to Logstash, as Filebeat does.
func (w ways) beatsTo() lumberjack.Destination {
	d := lumberjack.Destination{Addrs: []string{w.beats}, Beat: "shop"}
	if w.ca != "" {
		d.TLS = &tlsconfig.Options{CAFile: w.ca}
	}
	return d
}
