package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// What outputs mean. A reference stands where it is written and nowhere else:
// what it holds is no host, no path, no parameter and no reference.
func TestOutputs(t *testing.T) {
	secret := filepath.ToSlash(filepath.Join(t.TempDir(), "password"))
	if err := os.WriteFile(secret, []byte("p@ss:w/rd?#%41&x=1${X}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const password = "p@ss:w/rd?#%41&x=1${X}"
	for text, want := range map[string]transport.Destination{
		"{type: tcp, addr: a, framing: null}": tcp.Destination{Addr: "a", Framing: tcp.Null},
		"stdout":                              console.Destination{Writer: os.Stdout},
		"stdout?encoder=text":                 console.Destination{Writer: os.Stdout, Encoder: encode.Text{}},
		"tcp://logs:5170":                     tcp.Destination{Addr: "logs:5170"},
		"tcp://[::1]:5170":                    tcp.Destination{Addr: "[::1]:5170"},
		"tcp://${HOST}:${PORT:5170}":          tcp.Destination{Addr: "logs:5170"},
		"${URL}":                              tcp.Destination{Addr: "logs:5170", Nagle: true},
		"${SCHEME}://logs:1":                  tcp.Destination{Addr: "logs:1"},
		"tcp://logs:1?nagle":                  tcp.Destination{Addr: "logs:1", Nagle: true},
		"tcp://logs:1?nagle=${YES}":           tcp.Destination{Addr: "logs:1", Nagle: true},
		"tcp://logs:1?keep_alive=-1s":         tcp.Destination{Addr: "logs:1", KeepAlive: -time.Second},
		"tcp://logs:1?framing=Null":           tcp.Destination{Addr: "logs:1", Framing: tcp.Null},
		"tcp://logs:1?framing=OctetCounted":   tcp.Destination{Addr: "logs:1", Framing: tcp.OctetCounted},
		"tcp://logs:1?send_buffer=1.5MB":      tcp.Destination{Addr: "logs:1", SendBuffer: 1_500_000},
		"tcp://logs:1?tls":                    tcp.Destination{Addr: "logs:1", TLS: &tlsconfig.Options{}},
		"tcp://logs:1?tls=false":              tcp.Destination{Addr: "logs:1"},
		"syslog+tls://l:1?tls.server_name=x&tls.ca_file=/a%20b": syslog.Destination{
			Network: "tcp", Addr: "l:1", TLS: &tlsconfig.Options{ServerName: "x", CAFile: "/a b"},
		},
		"file:///var/log/a%20b.json?max_size=100MB&mode=0640": file.Destination{Path: "/var/log/a b.json", MaxSize: 100e6, Mode: 0o640},
		"file://${DIR}/x.json":                                file.Destination{Path: "/var/my logs/x.json"},
		"https://in.example/v1/logs?username=u":               https.Destination{URL: "https://in.example/v1/logs", Username: "u"},
		"picky://u:${file:" + secret + "}@mq/t":               picky{Addr: "mq", Topic: "t", Password: password},
		"picky://mq/t?password=${file:" + secret + "}":        picky{Addr: "mq", Topic: "t", Password: password},
		"picky://u:${PASSWORD}@mq/t?acks=all":                 picky{Addr: "mq", Topic: "t", Password: "a b+c%"},
		"picky://u:a%40b@mq/t":                                picky{Addr: "mq", Topic: "t", Password: "a@b"},
		"picky://b1:1,b2:2/t":                                 picky{Addr: "b1:1,b2:2", Topic: "t"},
		"picky://mq/$${HOST}":                                 picky{Addr: "mq", Topic: "${HOST}"},
		`{type: picky, password: "${file:` + secret + `}"}`:   picky{Password: password},
		`{type: picky, topic: "a$${b}", share: 12.5%}`:        picky{Topic: "a${b}", Share: 0.125},
		"{type: picky, headers: {X: 1, Y: true}}":             picky{Headers: map[string]string{"X": "1", "Y": "true"}},
		"{type: picky, arguments: {a: 1, b: [x, {c: 1.5}], d: }}": picky{
			Arguments: map[string]any{"a": int64(1), "b": []any{"x", map[string]any{"c": 1.5}}, "d": nil},
		},
		"{type: picky, steps: {name: a, wait: 1m}}": picky{Steps: []step{{"a", time.Minute}}},
		"{type: picky, tls: true}":                  picky{TLS: &tlsconfig.Options{}},
		"{type: syslog+tls, addr: a}":               syslog.Destination{Network: "tcp", Addr: "a", TLS: &tlsconfig.Options{}},
		"{type: syslog+tls, addr: a, tls: {ca_file: x}}": syslog.Destination{
			Network: "tcp", Addr: "a", TLS: &tlsconfig.Options{CAFile: "x"},
		},
		"{url: 'tcp://a:1', encoder: {type: rfc5424, facility: LOCAL3}}": tcp.Destination{Addr: "a:1", Encoder: encode.RFC5424{Facility: encode.FacilityLocal3}},
		"{type: failover, members: stdout}":                              failover{Members: []transport.Destination{console.Destination{Writer: os.Stdout}}},
		"{type: failover, members: {type: picky}}":                       failover{Members: []transport.Destination{picky{}}},
	} {
		c := parse(t, "logging:\n  routes:\n    - output: "+text+"\n",
			"HOST=logs", "URL=tcp://logs:5170?nagle=true", "SCHEME=tcp", "YES=true", "DIR=/var/my logs", "PASSWORD=a b+c%")
		routes, err := c.Routes("any")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(routes[0].To, want) {
			t.Errorf("%s is\n%#v, want\n%#v", text, routes[0].To, want)
		}
	}
}
