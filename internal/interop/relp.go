package main

import (
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// relpDestinations are imrelp in plain, and with TLS that asks for a client
// certificate.
func relpDestinations(env *environment) []destination {
	return []destination{
		{
			name: "relp", setup: rsyslog(relpInput(), parseMessage), kills: true, pause: pause, check: checkHeader,
			to: func(at place) transport.Destination {
				return relp.Destination{Addr: at.addr(), Encoder: headed{}}
			},
		},
		{
			name: "relp-tls", setup: rsyslog(relpTLSInput(env.pki), parseMessage), kills: true, pause: pause, check: checkHeader,
			to: func(at place) transport.Destination {
				return relp.Destination{Addr: at.addr(), Encoder: headed{}, TLS: &tlsconfig.Options{
					CAFile: env.pki.ca, CertFile: env.pki.client.cert, KeyFile: env.pki.client.key,
				}}
			},
		},
	}
}
