package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	fine := outcome{name: "a", version: "server 1", sent: 10, restarts: 5, verdict: verdict{received: 12, duplicates: 2}}
	lossy := outcome{name: "b", version: "server 2", sent: 10, verdict: verdict{received: 7, lost: 3}}
	odd := outcome{name: "c", version: "missing", err: errors.New("server is missing")}
	for _, c := range []struct {
		rows []outcome
		last string
		ok   bool
	}{
		{[]outcome{fine}, "interop: 1 destinations, lost 0", true},
		{[]outcome{fine, fine}, "interop: 2 destinations, lost 0", true},
		{[]outcome{lossy, fine, lossy}, "interop: 3 destinations, lost 6", false},
		{[]outcome{fine, odd}, "interop: 2 destinations, lost 0", false},
		{nil, "interop: 0 destinations, lost 0", false},
	} {
		var b strings.Builder
		ok := printTable(&b, c.rows)
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if last := lines[len(lines)-1]; ok != c.ok || last != c.last {
			t.Errorf("%v, last line %q; want %v, %q", ok, last, c.ok, c.last)
		}
		for i, r := range c.rows {
			if !strings.HasPrefix(lines[i+1], r.name+" ") || !strings.Contains(lines[i+1], r.version) {
				t.Errorf("row %q is not of %q", lines[i+1], r.name)
			}
			if r.err != nil && !strings.Contains(b.String(), r.err.Error()) {
				t.Errorf("the table does not say why %q failed:\n%s", r.name, b.String())
			}
		}
	}
}

func TestChoose(t *testing.T) {
	all := []destination{{name: "a"}, {name: "b"}, {name: "c"}}
	for _, c := range []struct {
		names string
		want  string
		err   error
	}{
		{"", "a b c", nil},
		{"b", "b", nil},
		{"c a", "a c", nil},
		{"d", "", errName},
		{"a d", "", errName},
	} {
		got, err := choose(all, strings.Fields(c.names))
		var names []string
		for _, d := range got {
			names = append(names, d.name)
		}
		if strings.Join(names, " ") != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q: %q, %v", c.names, names, err)
		}
	}
}

// Every destination is named once, and its configuration is what the server's
// own parser sees: no placeholder is left in it.
func TestDestinations(t *testing.T) {
	pki, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	addrs := make([]string, 10)
	for i := range addrs {
		addrs[i] = fmt.Sprint("127.0.0.1:", 20000+i)
	}
	for _, d := range destinations(&environment{pki: pki}) {
		if d.name == "" || seen[d.name] {
			t.Errorf("the name %q is not one of its own", d.name)
		}
		seen[d.name] = true
		checkSetup(t, d.name, d.setup)
		tr, err := d.to(place{data: "/data", addrs: addrs[:max(d.setup.ports, 1)]}).Open()
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		if err := tr.Close(); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
	}
	for _, conf := range []string{
		rsyslogConfig(rsyslogInput{module: "imtcp", params: `x="y"`}, "/d", "127.0.0.1:20000"),
		rsyslogConfig(rsyslogTLSInput("imtcp", pki), "/d", "127.0.0.1:20000"),
		rsyslogConfig(relpTLSInput(pki), "/d", "127.0.0.1:20000"),
		nginxConfig(" http2", "/d", "127.0.0.1:20000", pki),
	} {
		for _, left := range []string{"MODULE", "GLOBAL", "LOAD", "FIELDS", "INPUT", "DIR", "HOST", "PORT", "ADDR", "USER", "HTTP"} {
			if strings.Contains(conf, left) {
				t.Errorf("%s is left in\n%s", left, conf)
			}
		}
	}
}

func checkSetup(t *testing.T, name string, s setup) {
	t.Helper()
	if s.version == nil || s.command == nil || s.ready == nil || (s.read == nil) == (s.query == nil) {
		t.Errorf("%s: its setup lacks something, or has both read and query", name)
	}
}

// The servers that adapters are written against. (With -tags interop they run.)
func TestServers(t *testing.T) {
	pki, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]setup{
		"relp": rsyslog(relpInput(), parseMessage), "relp-tls": rsyslog(relpTLSInput(pki), parseMessage), "python": python(parseExtra), "graylog": graylog(parseGELF),
		"loki": loki(parseLine), "opensearch": opensearch(parseObject), "elasticsearch": elasticsearchServer(parseObject), "rabbitmq": rabbitmq(pki, parsePayload), "kafka": kafka(parseValue),
	} {
		checkSetup(t, name, s)
	}
	at := place{data: "/data", addrs: []string{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"}}
	for name, conf := range map[string]string{"loki": lokiConfig(at), "kafka": kafkaNode{id: 1, pki: pki}.config(at)} {
		for _, left := range []string{"DATA", "HTTP:", "GRPC", "BROKER", "QUORUM", "VOTERS", "COPIES", "STORE"} {
			if strings.Contains(strings.ReplaceAll(conf, "process.roles=broker", ""), left) {
				t.Errorf("%s is left in %s of\n%s", left, name, conf)
			}
		}
	}
	if strings.Contains(rabbitConfig(at, nil), "ssl_options") || !strings.Contains(rabbitConfig(at, pki), "listeners.ssl.1 = 127.0.0.1:5") {
		t.Error("rabbitmq has TLS without a pki, or none with one")
	}
}

func TestWord(t *testing.T) {
	const said = "rsyslogd  8.2302.0 (aka 2023.02) compiled with:\n"
	for n, want := range map[int]string{0: "rsyslogd", 1: "8.2302.0", 9: "?"} {
		if got := word(said, n); got != want {
			t.Errorf("word %d is %q, want %q", n, got, want)
		}
	}
}
