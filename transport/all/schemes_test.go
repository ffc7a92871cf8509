package all_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/all"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/journald"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/udp"
)

// output decodes what stands behind "output:" in a file.
func output(t *testing.T, text string) (transport.Destination, error) {
	t.Helper()
	file := "logging:\n  routes:\n    - name: r\n      output: " + text + "\n"
	cfg, err := config.Parse("test.yaml", []byte(file), &config.Options{Schemes: all.Schemes(), Lookup: func(string) (string, bool) { return "", false }})
	if err != nil {
		return nil, err
	}
	routes, err := cfg.Routes("")
	if err != nil {
		return nil, err
	}
	return routes[0].To, nil
}

func mustOutput(t *testing.T, text string) transport.Destination {
	t.Helper()
	d, err := output(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// form is a destination in both forms of a file, and in Go.
type form struct {
	url, long string
	want      transport.Destination
}

// formsOf has at least one for each scheme.
func formsOf() map[string][]form {
	tls := func() *tlsconfig.Options { return &tlsconfig.Options{} }
	return map[string][]form{
		"tcp": {
			{"tcp://logs:5170", "addr: logs:5170", tcp.Destination{Addr: "logs:5170"}},
			{"tcp://[::1]:5170?framing=octet-counted&write_timeout=10s&fast_open", "addr: '[::1]:5170', framing: octet_counted, write_timeout: 10s, fast_open: true",
				tcp.Destination{Addr: "[::1]:5170", Framing: tcp.OctetCounted, WriteTimeout: 10 * time.Second, FastOpen: true}},
			{"tcp://logs:5170?encoder=gelf&window_bytes=1MiB", "addr: logs:5170, encoder: {type: gelf}, window_bytes: 1MiB",
				tcp.Destination{Addr: "logs:5170", Encoder: encode.GELF{}, WindowBytes: 1 << 20}},
			{"tcp://logs:5170?framing=null", "addr: logs:5170, framing: null", tcp.Destination{Addr: "logs:5170", Framing: tcp.Null}},
			{"tcp://logs:5170?tls.server_name=l", "addr: logs:5170, tls: {server_name: l}", tcp.Destination{Addr: "logs:5170", TLS: &tlsconfig.Options{ServerName: "l"}}},
		},
		"tcp+tls": {
			{"tcp+tls://logs:6514", "addr: logs:6514", tcp.Destination{Addr: "logs:6514", TLS: tls()}},
			{"tcp+tls://logs:6514?tls.allow_tls12=true&tls.ca_file=/x", "addr: logs:6514, tls: {allow_tls12: true, ca_file: /x}",
				tcp.Destination{Addr: "logs:6514", TLS: &tlsconfig.Options{AllowTLS12: true, CAFile: "/x"}}},
		},
		"unix": {{"unix:///run/x%20y.sock", "addr: /run/x y.sock", tcp.Destination{Network: "unix", Addr: "/run/x y.sock"}}},
		"udp": {
			{"udp://logs:12201?chunks=gelf&encoder=gelf", "addr: logs:12201, chunks: gelf, encoder: gelf", udp.Destination{Addr: "logs:12201", Chunks: udp.GELF, Encoder: encode.GELF{}}},
		},
		"unixgram": {{"unixgram:///run/x.sock", "addr: /run/x.sock", udp.Destination{Network: "unixgram", Addr: "/run/x.sock"}}},
		"syslog": {
			{"syslog://logserver.prod:514", "addr: logserver.prod:514", syslog.Destination{Addr: "logserver.prod:514"}},
			{"syslog://logserver.prod", "addr: logserver.prod", syslog.Destination{Addr: "logserver.prod"}},
			{"syslog://[::1]/", "addr: '[::1]'", syslog.Destination{Addr: "[::1]"}},
		},
		"syslog+tls": {{"syslog+tls://h", "addr: h", syslog.Destination{Addr: "h", TLS: tls()}}},
		"syslog+udp": {{"syslog+udp://h?max_message=2KiB", "addr: h, max_message: 2KiB", syslog.Destination{Addr: "h", Network: "udp", MaxMessage: 2048}}},
		"syslog+unix": {
			{"syslog+unix:///dev/log", "addr: /dev/log", syslog.Destination{Addr: "/dev/log"}},
			{"syslog+unix://", "", syslog.Destination{}},
		},
		"relp":       {{"relp://h:2514?window=5", "addr: h:2514, window: 5", relp.Destination{Addr: "h:2514", Window: 5}}},
		"relp+tls":   {{"relp+tls://h:2514", "addr: h:2514", relp.Destination{Addr: "h:2514", TLS: tls()}}},
		"lumberjack": {{"lumberjack://a,b:5045", "addrs: [a:5044, b:5045]", lumberjack.Destination{Addrs: []string{"a:5044", "b:5045"}}}},
		"lumberjack+tls": {{"lumberjack+tls://a?beat=shop", "addrs: a:5044, beat: shop",
			lumberjack.Destination{Addrs: []string{"a:5044"}, Beat: "shop", TLS: tls()}}},
		"grpc":     {{"grpc://h:4320?compression=gzip", "addr: h:4320, compression: gzip", grpc.Destination{Addr: "h:4320", Compression: grpc.Gzip}}},
		"grpc+tls": {{"grpc+tls://h:4320", "addr: h:4320", grpc.Destination{Addr: "h:4320", TLS: tls()}}},
		"grpcs":    {{"grpcs://h:4320", "addr: h:4320", grpc.Destination{Addr: "h:4320", TLS: tls()}}},
		"amqp": {
			{"amqp://h?routing_key=q", "addrs: [h:5672], routing_key: q", amqp.Destination{Addrs: []string{"h:5672"}, RoutingKey: "q"}},
			{"amqp://u:p%40ss@h,i:1/a%2Fb?exchange=x&allow_plaintext", "addrs: [h:5672, i:1], username: u, password: p@ss, vhost: a/b, exchange: x, allow_plaintext: true",
				amqp.Destination{Addrs: []string{"h:5672", "i:1"}, Username: "u", Password: "p@ss", VHost: "a/b", Exchange: "x", AllowPlaintext: true}},
		},
		"amqps": {{"amqps://u:p@h/?exchange=x", "addrs: h:5671, username: u, password: p, exchange: x",
			amqp.Destination{Addrs: []string{"h:5671"}, Username: "u", Password: "p", Exchange: "x", TLS: tls()}}},
		"kafka": {
			{"kafka://b1,b2/topic?acks=all", "brokers: [b1:9092, b2:9092], topic: topic", kafka.Destination{Brokers: []string{"b1:9092", "b2:9092"}, Topic: "topic"}},
			{"kafka://u:p@b1:9093,b2:9094/t?acks=-1&sasl.mechanism=scram-sha-256&balancer=RoundRobin", "brokers: ['b1:9093', 'b2:9094'], topic: t, sasl: {username: u, password: p, mechanism: scram_sha_256}, balancer: round_robin",
				kafka.Destination{Brokers: []string{"b1:9093", "b2:9094"}, Topic: "t", SASL: &kafka.SASL{Username: "u", Password: "p", Mechanism: kafka.ScramSHA256}, Balancer: kafka.RoundRobin}},
		},
		"kafka+tls": {{"kafka+tls://b1/t", "brokers: b1:9092, topic: t", kafka.Destination{Brokers: []string{"b1:9092"}, Topic: "t", TLS: tls()}}},
		"https": {{"https://u:p@h:8443/a%2Fb?compression=zstd&max_in_flight=4", "url: 'https://u:p@h:8443/a%2Fb', compression: zstd, max_in_flight: 4",
			https.Destination{URL: "https://u:p@h:8443/a%2Fb", Compression: https.Zstd, MaxInFlight: 4}}},
		"http": {{"http://h/x", "url: 'http://h/x'", https.Destination{URL: "http://h/x", AllowPlaintext: true}}},
		"elasticsearch+https": {{"elasticsearch+https://u:p@a:9200,b:9201/es?index=logs-x", "urls: ['https://u:p@a:9200/es', 'https://u:p@b:9201/es'], index: logs-x",
			elasticsearch.Destination{URLs: []string{"https://u:p@a:9200/es", "https://u:p@b:9201/es"}, Index: "logs-x"}}},
		"elasticsearch+http": {{"elasticsearch+http://a:9200", "urls: http://a:9200", elasticsearch.Destination{URLs: []string{"http://a:9200"}, AllowPlaintext: true}}},
		"loki+https":         {{"loki+https://u:p@h?resource_labels=a,b", "url: 'https://u:p@h', resource_labels: [a, b]", loki.Destination{URL: "https://u:p@h", ResourceLabels: []string{"a", "b"}}}},
		"loki+http":          {{"loki+http://h:3100/loki", "url: 'http://h:3100/loki'", loki.Destination{URL: "http://h:3100/loki", AllowPlaintext: true}}},
		"otlp": {{"otlp://h", "url: http://h:4318, protocol: http/protobuf", otlp.Destination{URL: "http://h:4318", Protocol: otlp.HTTP, AllowPlaintext: true}},
			{"otlp://h:1/x", "url: http://h:1/x, protocol: http/protobuf", otlp.Destination{URL: "http://h:1/x", Protocol: otlp.HTTP, AllowPlaintext: true}}},
		"otlp+https": {{"otlp+https://u:p@h/x", "url: 'https://u:p@h/x', protocol: http/protobuf", otlp.Destination{URL: "https://u:p@h/x", Protocol: otlp.HTTP}}},
		"otlp+grpc":  {{"otlp+grpc://h", "url: http://h:4317", otlp.Destination{URL: "http://h:4317", Protocol: otlp.GRPC, AllowPlaintext: true}}},
		"otlp+grpcs": {{"otlp+grpcs://h:4317", "url: https://h:4317", otlp.Destination{URL: "https://h:4317", Protocol: otlp.GRPC}}},
		"sentry":     {{"sentry://key@h/42?mode=both&tags=a,b", "dsn: 'https://key@h/42', mode: both, tags: [a, b]", sentry.Destination{DSN: "https://key@h/42", Mode: sentry.Both, Tags: []string{"a", "b"}}}},
		"sentry+http": {{"sentry+http://key@h:8000/1", "dsn: 'http://key@h:8000/1'",
			sentry.Destination{DSN: "http://key@h:8000/1", AllowPlaintext: true}}},
		"file": {
			{"file:///var/log/x.json?max_size=100MB", "path: /var/log/x.json, max_size: 100MB", file.Destination{Path: filepath.FromSlash("/var/log/x.json"), MaxSize: 100_000_000}},
			{"file://localhost/x%25y?mode=0640&keep_for=7d", "path: /x%y, mode: 0640, keep_for: 168h", file.Destination{Path: filepath.FromSlash("/x%y"), Mode: 0o640, KeepFor: 168 * time.Hour}},
		},
		"journald": {{"journald", "", journald.Destination{}}, {"journald:///run/j", "socket: /run/j", journald.Destination{Socket: "/run/j"}}},
		"stdout":   {{"stdout", "", console.Destination{Writer: os.Stdout}}, {"stdout?encoder=json", "encoder: json", console.Destination{Writer: os.Stdout, Encoder: encode.JSONLines{}}}},
		"stderr":   {{"stderr://", "", console.Destination{Writer: os.Stderr}}},
	}
}

// Each URL and its long form are the same destination, that which Go has.
func TestForms(t *testing.T) {
	forms := formsOf()
	for name, s := range all.Schemes() {
		if s.HasURL() && len(forms[name]) == 0 {
			t.Errorf("%s: no URL is tested", name)
		}
		for _, f := range forms[name] {
			if got := mustOutput(t, "'"+f.url+"'"); !reflect.DeepEqual(got, f.want) {
				t.Errorf("%s:\n got %#v %+v\nwant %#v", f.url, got, got, f.want)
			}
			if runtime.GOOS == "windows" && name == "file" {
				continue // a path in the long form is taken as it is
			}
			long := "{type: " + name + ", " + f.long + "}"
			if got := mustOutput(t, long); !reflect.DeepEqual(got, f.want) {
				t.Errorf("%s:\n got %#v\nwant %#v", long, got, f.want)
			}
		}
	}
}

// What a file makes of each scheme can be opened, which connects to nothing.
func TestOpen(t *testing.T) {
	for name, forms := range formsOf() {
		if name == "journald" && runtime.GOOS != "linux" || name == "unixgram" && runtime.GOOS == "windows" {
			continue
		}
		for _, f := range forms {
			if strings.Contains(f.url, "ca_file") || strings.Contains(f.url, "fast_open") && runtime.GOOS != "linux" {
				continue
			}
			d := f.want
			if file, ok := d.(file.Destination); ok {
				file.Path = filepath.Join(t.TempDir(), "x")
				d = file
			}
			tr, err := d.Open()
			if err != nil {
				t.Errorf("%s: %v", f.url, err)
				continue
			}
			if err := tr.Close(); err != nil {
				t.Errorf("%s: %v", f.url, err)
			}
		}
	}
}

// Groups have no URL, and members in either form, groups among them.
func TestGroups(t *testing.T) {
	got := mustOutput(t, "{type: failover, heartbeat_interval: 7s, members: ['tcp://a:1', {type: quorum, quorum_size: 1, members: [stdout, {type: balance, policy: least_pending, members: 'relp://b:2'}]}]}")
	want := group.Failover{HeartbeatInterval: 7 * time.Second, Members: []transport.Destination{
		tcp.Destination{Addr: "a:1"},
		group.Quorum{QuorumSize: 1, Members: []transport.Destination{
			console.Destination{Writer: os.Stdout},
			group.Balance{Policy: group.LeastPending, Members: []transport.Destination{relp.Destination{Addr: "b:2"}}},
		}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v", got)
	}
	tr, err := got.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
}

// The map is the caller's: to take out of it changes nobody else's, and neither
// do the options that a preset makes.
func TestSchemesAreTheCallers(t *testing.T) {
	one := all.Schemes()
	clear(one)
	if len(all.Schemes()) == 0 {
		t.Error("all callers share one map")
	}
	first, second := mustOutput(t, "tcp+tls://h:1").(tcp.Destination), mustOutput(t, "tcp+tls://h:1").(tcp.Destination)
	if first.TLS == second.TLS {
		t.Error("two destinations share their TLS options")
	}
}

// canary is in every place of a URL that may hold a secret.
const canary = "s3cr3t-c4n4ry"

// badURLs are refused.
func badURLs() []string {
	bad := []string{
		"tcp://logs", "tcp://:514", "tcp://", "tcp://a:1,b:2", "tcp://h:1/path", "unix://", "unix://host/x", "unixgram://",
		"udp://h", "syslog://", "syslog:///dev/log", "syslog+unix://h/dev/log", "relp://h", "lumberjack://", "grpc://h", "grpcs://h/x:1",
		"amqp://", "amqp://h/a/b", "kafka://", "kafka://b/t/u", "kafka://b/t?acks=1", "kafka://b/t?acks=0",
		"https://", "https:///path", "elasticsearch+https://a,,b", "loki+http://", "otlp://", "otlp+grpc:///x", "sentry://", "file://host/x", "file://", "file:x",
		"journald://h", "stdout://h", "stderr://x:1/y", "tcp://h:1?framing=nul", "tcp://h:1?nosuch=1", "tcp://h:1?resolver=x", "failover://a", "nosuch://h",
		"tcp://[::1", "tcp://h:port", "https://h/%zz",
		"tcp://h:0", "udp://h:65536", "syslog://h:99999", "kafka://a:0,b/t", "amqps://h:70000/v", "https://h:65536/x", "elasticsearch+https://a,b:0", "otlp+grpc://h:0", "sentry://key@h:0/1",
	}
	for name, s := range all.Schemes() {
		if !s.HasURL() {
			continue
		}
		bad = append(bad,
			name+"://user:"+canary+"@/?nosuch="+canary,
			name+"://user:"+canary+"@h:1/?nosuch="+canary,
			name+"://user:"+canary+"@h:port/",
			name+"://"+canary+"@h:1/?"+"nosuch&password="+canary,
			name+"://user:"+canary+"%zz@h:1/",
		)
	}
	return bad
}

// TestS10_BadURLs: S10. Each names its place, and no secret.
func TestS10_BadURLs(t *testing.T) {
	for _, bad := range badURLs() {
		d, err := output(t, "'"+bad+"'")
		if err == nil {
			t.Errorf("%s: %#v", bad, d)
			continue
		}
		var at *config.Error
		if !errors.As(err, &at) || at.Line != 4 || at.Key == "" {
			t.Errorf("%s: no place in %v", bad, err)
		}
		if text := fmt.Sprintf("%v %+v %#v %q", err, err, at, at.Value); strings.Contains(text, canary) {
			t.Errorf("%s: the secret is in %s", bad, text)
		}
	}
}

// TestS10_Printed: S10. A destination made of a URL with a password is printed
// without it, as is a route that holds it.
func TestS10_Printed(t *testing.T) {
	for _, good := range []string{
		"amqps://user:" + canary + "@h/?exchange=x", "kafka+tls://user:" + canary + "@h/t", "https://user:" + canary + "@h/", "elasticsearch+https://user:" + canary + "@h",
		"loki+https://user:" + canary + "@h", "otlp+https://user:" + canary + "@h", "otlp+grpcs://user:" + canary + "@h:1", "sentry://" + canary + "@h/1",
		"sentry+http://" + canary + "@h/1",
	} {
		d := mustOutput(t, "'"+good+"'")
		r := route.Route{Name: "r", To: d}
		if text := fmt.Sprintf("%v %+v %#v %v %+v", d, d, d, r, r); strings.Contains(text, canary) {
			t.Errorf("%s: %s", good, text)
		}
		if _, err := d.Open(); err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// Credentials over plaintext are refused by the adapters, although the schemes
// without TLS need no allow_plaintext for records.
func TestPlaintextCredentials(t *testing.T) {
	for _, bad := range []string{
		"http://u:" + canary + "@h/", "elasticsearch+http://u:" + canary + "@h", "loki+http://u:" + canary + "@h", "otlp://u:" + canary + "@h", "otlp+grpc://u:" + canary + "@h",
		"amqp://u:" + canary + "@h/?exchange=x", "kafka://u:" + canary + "@h/t?sasl.mechanism=plain",
	} {
		_, err := mustOutput(t, "'"+bad+"'").Open()
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Every field of every destination can be reached, or says why not.
func TestReachable(t *testing.T) {
	schemes := all.Schemes()
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		for _, f := range schemes[name].Fields() {
			if f.Kind == config.Unreachable && f.Why == "" {
				t.Errorf("%s: %s", name, f.Key)
			}
		}
	}
}
