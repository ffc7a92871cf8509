package relp_test

import (
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// rsyslog's imrelp with TLS, which knows its clients by their certificates. The
// files may be replaced while the service runs.
func ExampleDestination() {
	dest := relp.Destination{
		Addr:    "logs.example.com:2514",
		Encoder: encode.RFC5424{Facility: encode.FacilityLocal3, App: "shop"},
		TLS: &tlsconfig.Options{
			CAFile:   "/etc/logs/ca.pem",
			CertFile: "/etc/logs/client.pem",
			KeyFile:  "/etc/logs/client.key",
		},
	}
	fmt.Println("RELP to", dest.Addr)
	// Output: RELP to logs.example.com:2514
}
