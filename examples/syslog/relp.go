package main

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/relp"
)

// relpTo is RELP: rsyslog answers each message, and what it has not answered
// goes again. The same encoder, so that both ways bring the same messages.
func (w ways) relpTo() relp.Destination {
	d := relp.Destination{Addr: w.relp, Encoder: encode.RFC5424{Facility: encode.FacilityLocal0}}
	if w.ca != "" {
		d.TLS = w.options()
	}
	return d
}
