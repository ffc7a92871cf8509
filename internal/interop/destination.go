package main

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/udp"
)

// destination is one row of the table.
type destination struct {
	name    string
	version func() (string, error) // of its server; an error if it is missing
	setup   setup
	to      func(addr string) transport.Destination
	kills   bool
	each    int           // records of one producer; 0: perProducer
	pause   time.Duration // after each record of a producer
}

// destinations are all that this command knows.
func destinations(cert *certificate) []destination {
	// The pauses keep the producers well below what the servers take, and UDP
	// below what its socket buffer bridges.
	const pause, pauseUDP = time.Millisecond, 2 * time.Millisecond
	return []destination{
		{
			name: "rsyslog-tcp", version: rsyslogVersion, setup: rsyslog("imtcp", ""), kills: true, pause: pause,
			to: func(addr string) transport.Destination { return tcp.Destination{Addr: addr} },
		},
		{
			name: "rsyslog-octet", version: rsyslogVersion, setup: rsyslog("imtcp", ""), kills: true, pause: pause,
			to: func(addr string) transport.Destination {
				return tcp.Destination{Addr: addr, Framing: tcp.OctetCounted, Encoder: indented{}}
			},
		},
		{
			name: "rsyslog-imptcp", version: rsyslogVersion, setup: rsyslog("imptcp", ""), kills: true, pause: pause,
			to: func(addr string) transport.Destination { return tcp.Destination{Addr: addr} },
		},
		{
			name: "rsyslog-udp", version: rsyslogVersion, setup: rsyslog("imudp", `rcvbufSize="4m"`), pause: pauseUDP,
			to: func(addr string) transport.Destination { return udp.Destination{Addr: addr} },
		},
		{
			name: "nginx-http2", version: nginxVersion, setup: nginx(" http2", cert), kills: true, pause: pause,
			to: func(addr string) transport.Destination { return nginxAt(addr, cert, https.Gzip, false) },
		},
		{
			name: "nginx-http1", version: nginxVersion, setup: nginx("", cert), kills: true, pause: pause,
			to: func(addr string) transport.Destination { return nginxAt(addr, cert, https.Uncompressed, true) },
		},
	}
}

func nginxAt(addr string, cert *certificate, c https.Compression, http1 bool) transport.Destination {
	return https.Destination{
		URL: "https://" + addr + "/ingest", Compression: c, HTTP1: http1, TLS: &tlsconfig.Options{CAFile: cert.file},
	}
}

// indented writes JSON over many lines, so that octet-counted framing has line
// breaks to carry. A receiver that split at them would show it at once.
type indented struct{}

func (indented) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	line, err := encode.JSONLines{}.AppendRecord(nil, rec)
	if err != nil {
		return dst, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, line, "", "\t"); err != nil {
		return dst, err
	}
	return append(dst, b.Bytes()...), nil
}

func (indented) ContentType() string { return "application/json" }
