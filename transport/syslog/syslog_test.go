package syslog_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

func TestConformance(t *testing.T) {
	for _, framing := range []syslog.Framing{syslog.OctetCounted, syslog.Newline} {
		t.Run(framing.String(), func(t *testing.T) {
			read := readCounted
			if framing == syslog.Newline {
				read = readLines
			}
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					addr := transporttest.ServeTCP(t, p, func(c net.Conn) { read(c, func(s string) { p.Received(s) }) })
					return syslog.Destination{Addr: addr, Framing: framing, CloseTimeout: 200 * time.Millisecond}
				},
				Invalid: invalid(t),
			})
		})
	}
	t.Run("udp", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				return syslog.Destination{Network: "udp", Addr: relay(t, p, "udp", "127.0.0.1:0")}
			},
			Unreachable: syslog.Destination{Network: "udp", Addr: "127.0.0.1:1"},
		})
	})
	t.Run("local", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no local datagram sockets")
		}
		transporttest.Run(t, transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				return syslog.Destination{Addr: relay(t, p, "unixgram", filepath.Join(t.TempDir(), "log"))}
			},
			Unreachable: syslog.Destination{Addr: filepath.Join(t.TempDir(), "none")},
		})
	})
}

// relay hands each datagram to p. It is one that blocks in Received, which the
// daemon of the other tests could not be.
func relay(t testing.TB, p *transporttest.Peer, network, addr string) string {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Datagrams(t, conn, func(m string) { p.Received(m) })
	return conn.LocalAddr().String()
}

func invalid(t *testing.T) []transport.Destination {
	const addr = "127.0.0.1:514"
	return []transport.Destination{
		syslog.Destination{Network: "tcp"},
		syslog.Destination{Network: "unix"},
		syslog.Destination{Addr: addr, Network: "sctp"},
		syslog.Destination{Addr: "host:"},
		syslog.Destination{Addr: addr, Framing: 3},
		syslog.Destination{Addr: addr, Network: "udp", Framing: syslog.Newline},
		syslog.Destination{Addr: addr, MaxMessage: 1023},
		syslog.Destination{Addr: addr, MaxMessage: -1},
		syslog.Destination{Addr: addr, MaxMessage: 1<<20 + 1},
		syslog.Destination{Addr: addr, Network: "udp", MaxMessage: 65_508},
		syslog.Destination{Addr: addr, Network: "udp", WindowBytes: 1},
		syslog.Destination{Addr: addr, Network: "udp", TLS: &tlsconfig.Options{}},
		syslog.Destination{TLS: &tlsconfig.Options{}},
		syslog.Destination{Addr: addr, TLS: &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}},
		syslog.Destination{Addr: addr, ConnectTimeout: -1},
		syslog.Destination{Addr: addr, WriteTimeout: -1},
		syslog.Destination{Addr: addr, CloseTimeout: -1},
		syslog.Destination{Addr: addr, Lifetime: -1},
		syslog.Destination{Addr: addr, Encoder: encode.RFC5424{SDID: "x"}},
		syslog.Destination{Addr: addr, Encoder: encode.RFC3164{Facility: 99}},
		syslog.Destination{Addr: addr, Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := (syslog.Destination{Addr: "h", MaxMessage: 1}).Open(); !errors.Is(err, syslog.ErrConfig) {
		t.Errorf("want ErrConfig, got %v", err)
	}
	if _, err := (syslog.Destination{Addr: "h", Encoder: encode.RFC5424{Facility: 24}}).Open(); !errors.Is(err, encode.ErrFacility) {
		t.Errorf("want ErrFacility, got %v", err)
	}
}

func record() encode.Record {
	return encode.Record{
		ID: encode.ID{1}, Time: time.Date(2026, 11, 23, 9, 49, 44, 123456789, time.UTC), Level: slog.LevelWarn, Message: "a\nb",
		Attrs: []slog.Attr{slog.Int("order", 42)}, Resource: &encode.Resource{Service: "shop", Host: "a1", PID: 7},
	}
}

const (
	modern = `<12>1 2026-11-23T09:49:44.123456Z a1 shop 7 - [timeQuality tzKnown="1"][slogship@32473 log_id="01000000-0000-0000-0000-000000000000" order="42"] a\nb`
	oldEnd = `shop[7]: a\nb log_id=01000000-0000-0000-0000-000000000000 order=42`
)

// What arrives by default, on each kind of network.
func TestDefaults(t *testing.T) {
	ca := testpki.New(t, "ours")
	server := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	options := &tlsconfig.Options{CAFile: testpki.File(t, t.TempDir(), "ca", ca.PEM)}
	old := `<12>` + record().Time.Local().Format(time.Stamp) + ` ` + oldEnd
	dir := t.TempDir()
	for _, tt := range []struct {
		name    string
		network string
		stream  func(io.Reader, func(string)) error // nil: datagrams
		tls     *tlsconfig.Options
		dest    syslog.Destination
		want    string
	}{
		{"tcp", "tcp", readCounted, nil, syslog.Destination{}, modern},
		{"tcp by lines", "tcp", readLines, nil, syslog.Destination{Framing: syslog.Newline}, modern},
		{"tls", "tcp", readCounted, options, syslog.Destination{}, modern},
		{"udp", "udp", nil, nil, syslog.Destination{Network: "udp"}, modern},
		{"3164", "udp", nil, nil, syslog.Destination{Network: "udp", Encoder: encode.RFC3164{UTC: true}}, `<12>Nov 23 09:49:44 a1 ` + oldEnd},
		{"unixgram", "unixgram", nil, nil, syslog.Destination{Network: "unixgram"}, old},
		{"unix", "unix", readLines, nil, syslog.Destination{Network: "unix"}, old},
		{"unix counted", "unix", readCounted, nil, syslog.Destination{Network: "unix", Framing: syslog.OctetCounted}, old},
		{"path to datagrams", "unixgram", nil, nil, syslog.Destination{}, old},
		{"path to a stream", "unix", readLines, nil, syslog.Destination{}, old},
		{"path with 5424", "unix", readLines, nil, syslog.Destination{Encoder: encode.RFC5424{}}, modern},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := "127.0.0.1:0"
			if strings.HasPrefix(tt.network, "unix") {
				if runtime.GOOS == "windows" {
					t.Skip("no local datagram sockets")
				}
				addr = filepath.Join(dir, fmt.Sprintf("%x", tt.name))
			}
			var d *daemon
			switch {
			case tt.stream == nil:
				d = listenDatagrams(t, tt.network, addr)
			case tt.tls != nil:
				d = listenStream(t, tt.network, addr, tt.stream, server)
			default:
				d = listenStream(t, tt.network, addr, tt.stream, nil)
			}
			tt.dest.Addr, tt.dest.TLS = d.addr, tt.tls
			send(t, testkit.Open(t, tt.dest), record())
			if got := d.wait(t, 1)[0]; got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// T30, S14 and RFC 5425: the client shows its certificate, and checks the name
// that it was told.
func TestS14_TLSBothWays(t *testing.T) {
	ca := testpki.New(t, "ours")
	dir := t.TempDir()
	cert, key := ca.Issue(testpki.Leaf{})
	server := &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{Names: []string{"logs.example"}})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()}
	clients := make(chan *x509.Certificate, 10)
	server.VerifyConnection = func(s tls.ConnectionState) error {
		clients <- s.PeerCertificates[0]
		return nil
	}
	d := listenStream(t, "tcp", "127.0.0.1:0", readCounted, server)
	options := tlsconfig.Options{CAFile: testpki.File(t, dir, "ca", ca.PEM), CertFile: testpki.File(t, dir, "cert", cert), KeyFile: testpki.File(t, dir, "key", key)}
	wrong := testkit.Open(t, syslog.Destination{Addr: d.addr, TLS: &options})
	if err := wrong.Send(t.Context(), []encode.Record{record()}); err == nil || transport.Classify(err, 1).Permanent {
		t.Errorf("a server of another name: %v", err)
	}
	right := options
	right.ServerName = "logs.example"
	send(t, testkit.Open(t, syslog.Destination{Addr: d.addr, TLS: &right}), record())
	if got := d.wait(t, 1); len(got) != 1 || got[0] != modern {
		t.Errorf("got %q", got)
	}
	if len(clients) != 1 {
		t.Errorf("%d clients with a certificate, want 1", len(clients))
	}
}

// A message that is longer than MaxMessage is cut, and stays one message; with a
// limit of its own, the encoder's counts.
func TestMaxMessage(t *testing.T) {
	long := record()
	long.Message = strings.Repeat("é", 50_000)
	for _, tt := range []struct {
		dest syslog.Destination
		want int
	}{
		{syslog.Destination{Network: "udp"}, 2048},
		{syslog.Destination{Network: "udp", MaxMessage: 1432}, 1432},
		{syslog.Destination{Network: "udp", Encoder: encode.RFC3164{}}, 2048},
		{syslog.Destination{Network: "udp", Encoder: encode.RFC5424{MaxBytes: 4000}}, 4000},
		{syslog.Destination{Network: "udp", Encoder: encode.RFC3164{MaxBytes: 4000}}, 4000},
		{syslog.Destination{Network: "tcp"}, 8000},
		{syslog.Destination{Network: "tcp", MaxMessage: 64 << 10}, 64 << 10},
	} {
		var d *daemon
		if tt.dest.Network == "udp" {
			d = listenDatagrams(t, "udp", "127.0.0.1:0")
		} else {
			d = listenStream(t, "tcp", "127.0.0.1:0", readCounted, nil)
		}
		tt.dest.Addr = d.addr
		send(t, testkit.Open(t, tt.dest), long)
		got := d.wait(t, 1)[0]
		if len(got) > tt.want || len(got) < tt.want-512 || !strings.Contains(got, "!TRUNCATED") {
			t.Errorf("%+v: %d bytes", tt.dest, len(got))
		}
	}
}

// An encoder of somebody's own whose message fits no datagram is refused for that
// record alone.
func TestOwnEncoder(t *testing.T) {
	d := listenDatagrams(t, "udp", "127.0.0.1:0")
	tr := testkit.Open(t, syslog.Destination{Network: "udp", Addr: d.addr, Encoder: encode.JSONLines{}})
	long := record()
	long.Message = strings.Repeat("x", 3000)
	out := transport.Classify(tr.Send(t.Context(), []encode.Record{long, record()}), 2)
	if out.Batch == nil || !transport.Classify(out.Batch.Errs[0], 1).Permanent || out.Batch.Errs[1] != nil {
		t.Fatalf("%+v", out)
	}
	d.wait(t, 1)
}

func TestPorts(t *testing.T) {
	for addr, want := range map[string]string{"": ":514", "h": "h:514", "h:1": "h:1", "::1": "[::1]:514", "[::1]": "[::1]:514", "[::1]:1": "[::1]:1", "h:": "h:", "10.0.0.1": "10.0.0.1:514"} {
		if got := syslog.WithPort(addr, false); got != want {
			t.Errorf("%q: %q, want %q", addr, got, want)
		}
	}
	if got := syslog.WithPort("h", true); got != "h:6514" {
		t.Errorf("with TLS: %q", got)
	}
}
