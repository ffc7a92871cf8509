package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// relpDestinations are imrelp in plain, and with TLS that asks for a client
// certificate.
func relpDestinations(env *environment) []destination {
	all := []destination{
		{
			name: "relp", setup: rsyslog(relpInput(), parseCEE), kills: true, batch: relp.DefaultWindow, pause: pause, check: checkRELP,
			to: func(at place) transport.Destination {
				return relp.Destination{Addr: at.addr(), Encoder: relpFormat}
			},
			scenes: []scene{{"stopped", relpStopped}},
		},
		{
			name: "relp-tls", setup: rsyslog(relpTLSInput(env.pki), parseCEE), kills: true, batch: relpWindow, pause: pause, check: checkRELP,
			to: func(at place) transport.Destination {
				return relp.Destination{Addr: at.addr(), Encoder: relpFormat, Window: relpWindow, TLS: &tlsconfig.Options{
					CAFile: env.pki.ca, CertFile: env.pki.client.cert, KeyFile: env.pki.client.key,
				}}
			},
		},
	}
	all[1].scenes = tlsScenes(all[1], env.pki)
	return all
}

// relpWindow is a small one, so that batches take several.
const relpWindow = 50

// relpFormat has the record as JSON in the message: the text of a record has
// control characters, which a message of plain text has only escaped.
var relpFormat = encode.RFC5424{Facility: encode.FacilityLocal3, Host: "host.example", Message: encode.SyslogCEE}

const ceeCookie = "@cee: "

// parseCEE is for messages of encode.SyslogCEE.
func parseCEE(row map[string]any) entry {
	says, _ := row["msg"].(string)
	text, ok := strings.CutPrefix(says, ceeCookie)
	if !ok {
		return entry{}
	}
	e := parseEntry([]byte(text))
	e.Fields = row
	return e
}

// checkRELP compares what rsyslog read in the header.
func checkRELP(e *entry) error {
	for name, want := range map[string]string{
		"facility": "19", "severity": "6", "hostname": "host.example", "appname": "interop", "procid": strconv.Itoa(os.Getpid()),
		"msgid": "-",
	} {
		if got := e.Fields[name]; got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	sd, _ := e.Fields["sd"].(string)
	if !strings.HasPrefix(sd, `[timeQuality tzKnown="1"]`) || !strings.HasSuffix(sd, `[slogship@32473 log_id="`+e.ID+`"]`) {
		return fmt.Errorf("sd is %q for the record %s", sd, e.ID)
	}
	return nil
}
