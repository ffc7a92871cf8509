package tcp_test

import (
	"fmt"

	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// A receiver behind TLS that wants a client certificate, with RFC 6587 framing.
// The files may be replaced while the service runs.
func ExampleDestination() {
	dest := tcp.Destination{
		Addr:    "logs.example.com:6514",
		Framing: tcp.OctetCounted,
		TLS: &tlsconfig.Options{
			CAFile:   "/etc/logs/ca.pem",
			CertFile: "/etc/logs/client.pem",
			KeyFile:  "/etc/logs/client.key",
		},
	}
	fmt.Println(dest.Framing, "to", dest.Addr)
	// Output: OctetCounted to logs.example.com:6514
}
