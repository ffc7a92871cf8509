// Package preflight looks at the steps to a host that adapters have in common:
// its name, its addresses, TLS and the certificates; and says what to do about
// what is wrong. It sends nothing but handshakes, and never a secret.
package preflight

import (
	"fmt"
	"time"

	"github.com/slogship/slogship/transport"
)

// The names of the steps, as findings have them.
const (
	Name        = "name"        // resolving the host
	Connect     = "connect"     // a connection to each of its addresses
	TLS         = "tls"         // the handshake
	Certificate = "certificate" // how long the server's is valid
	Client      = "client certificate"
	Protocol    = "protocol"    // the destination speaks what we speak
	Credentials = "credentials" // and lets us in
	Topic       = "topic"       // what records go to: a topic, an exchange, an index
)

// stepTimeout bounds each step; a Check's ctx bounds them together.
const stepTimeout = 5 * time.Second

// Good returns a finding without a remedy.
func Good(check, subject, format string, args ...any) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.OK, Found: fmt.Sprintf(format, args...)}
}

// Bad returns a failure.
func Bad(check, subject string, err error, remedy string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Failed, Found: err.Error(), Remedy: remedy, Err: err}
}

// Warn returns a warning.
func Warn(check, subject, found, remedy string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Warning, Found: found, Remedy: remedy}
}

// Skip returns the finding of a step that was not taken.
func Skip(check, subject, why string) transport.Finding {
	return transport.Finding{Check: check, Subject: subject, Verdict: transport.Skipped, Found: why}
}

// Passed reports whether no finding is a failure.
func Passed(found []transport.Finding) bool {
	for i := range found {
		if found[i].Verdict == transport.Failed {
			return false
		}
	}
	return true
}
