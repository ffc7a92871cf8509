package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func rsyslogTLSDestinations(env *environment) []destination {
	return []destination{{
		name: "rsyslog-tls", setup: rsyslog(rsyslogTLSInput("imtcp", env.pki), parseMessage), kills: true, pause: pause,
		to: func(at place) transport.Destination {
			return tcp.Destination{
				Addr: at.addr(), Framing: tcp.OctetCounted, Encoder: headed{},
				// rsyslog's gtls driver switches TLS 1.3 off (8.2302).
				TLS: &tlsconfig.Options{CAFile: env.pki.ca, AllowTLS12: true},
			}
		},
		check: checkHeader,
	}}
}

// rsyslogTLSInput is imtcp with TLS by GnuTLS. Clients need no certificate.
func rsyslogTLSInput(module string, pki *pki) rsyslogInput {
	return rsyslogInput{
		module: module, packages: []string{"rsyslog-gnutls"},
		global: fmt.Sprintf(`defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile=%q
	defaultNetstreamDriverCertFile=%q defaultNetstreamDriverKeyFile=%q`, pki.ca, pki.server.cert, pki.server.key),
		load: `streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"`,
	}
}

// headed is a record as an RFC 5424 message whose text is the record's JSON, so
// that what rsyslog makes of a header can be compared with what was written.
type headed struct{}

// What headed writes in every header; the facility is local3.
const headFacility, headSeverity, headApp, headProc, headMsgID = 19, 6, "interop", "4711", "ID47"

func (headed) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	dst = fmt.Appendf(dst, "<%d>1 %s host.example %s %s %s %s ", headFacility*8+headSeverity,
		rec.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), headApp, headProc, headMsgID, headData(rec.ID.String()))
	return encode.JSONLines{}.AppendRecord(dst, rec)
}

func (headed) ContentType() string { return "text/plain" }

// headData has what RFC 5424 §6.3.3 makes a sender escape.
func headData(id string) string {
	return `[record@32473 id="` + id + `" quote="\"" bracket="\]" slash="\\"]`
}

// checkHeader compares what rsyslog read in headed's header.
func checkHeader(e *entry) error {
	want := map[string]string{
		"facility": strconv.Itoa(headFacility), "severity": strconv.Itoa(headSeverity), "appname": headApp, "procid": headProc,
		"msgid": headMsgID, "sd": headData(e.ID), "hostname": "host.example",
	}
	for name, value := range want {
		if got := e.Fields[name]; got != value {
			return fmt.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	at, _ := e.Fields["time"].(string)
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil || !strings.Contains(at, ".") {
		return fmt.Errorf("time is %q, want one with microseconds", at)
	}
	return nil
}
