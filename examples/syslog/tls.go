package main

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/syslog"
)

// tlsTo is syslog over TLS with octet counting. Nobody acknowledges: the newest
// 8 MiB stay in the buffer, and go again when the connection breaks.
func (w ways) tlsTo() syslog.Destination {
	return syslog.Destination{Addr: w.tls, Encoder: encode.RFC5424{Facility: encode.FacilityLocal0}, TLS: w.options()}
}
