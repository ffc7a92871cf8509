package lumberjack_test

import (
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Two Logstash hosts behind TLS; attributes all become strings below "labels",
// so that no two services can disagree on the type of one.
func ExampleDestination() {
	dest := lumberjack.Destination{
		Addrs:   []string{"logstash-1.example.com:5044", "logstash-2.example.com:5044"},
		Beat:    "shop",
		Encoder: encode.ECS{Labels: true},
		TLS:     &tlsconfig.Options{CAFile: "/etc/logs/ca.pem"},
	}
	fmt.Println(dest.Beat, "to", len(dest.Addrs), "hosts")
	// Output: shop to 2 hosts
}
