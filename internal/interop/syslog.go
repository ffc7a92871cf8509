package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// syslogDestinations are rsyslog's inputs by transport/syslog. The scenes send
// what tries to forge messages, and measure what a small window costs.
func syslogDestinations(env *environment) []destination {
	// rsyslog's gtls driver switches TLS 1.3 off (8.2302).
	options := tlsconfig.Options{CAFile: env.pki.ca, CertFile: env.pki.client.cert, KeyFile: env.pki.client.key, AllowTLS12: true}
	tls := rsyslogTLSInput("imtcp", env.pki)
	tls.load = strings.Replace(tls.load, "anon", "x509/certvalid", 1) // who has no certificate of ours is sent away
	counted := syslogRow("syslog-tcp", rsyslogInput{module: "imtcp"}, syslog.Destination{Encoder: syslogText}, parseStructured, checkStructured)
	counted.scenes = append(counted.scenes, smallWindow(counted, "64 KiB", 64<<10), smallWindow(counted, "none", -1))
	datagrams := syslogRow("syslog-udp", rsyslogInput{module: "imudp", params: `rcvbufSize="4m"`},
		syslog.Destination{Network: "udp", MaxMessage: syslog.DefaultMaxMessage, Encoder: syslogText}, parseStructured, checkStructured)
	datagrams.kills, datagrams.pause = false, pauseUDP
	secure := syslogRow("syslog-tls", tls, syslog.Destination{Encoder: syslogText, TLS: &options}, parseStructured, checkStructured)
	secure.scenes = append(secure.scenes, tlsScenes(secure, env.pki)...)
	return []destination{
		counted,
		syslogRow("syslog-newline", rsyslogInput{module: "imtcp"}, syslog.Destination{Framing: syslog.Newline, Encoder: syslogText}, parseStructured, checkStructured),
		syslogRow("syslog-imptcp", rsyslogInput{module: "imptcp"}, syslog.Destination{Encoder: relpFormat}, parseCEE, checkRELP),
		secure,
		syslogRow("syslog-3164", rsyslogInput{module: "imtcp"}, syslog.Destination{Framing: syslog.Newline, Encoder: syslogOld}, parseOld, checkOld),
		datagrams,
		localRow(),
	}
}

// localRow is the socket that /dev/log usually is: rsyslog's imuxsock, which is
// found out to be of datagrams, with the default format. As with UDP nothing is
// claimed under kills.
func localRow() destination {
	d := syslogRow("syslog-local", rsyslogInput{module: "imuxsock", load: `SysSock.Use="off"`}, syslog.Destination{}, parseOld, checkLocal)
	// imuxsock takes no address, and is ready when its socket is there.
	d.setup = edited(d.setup, `address="HOST" port="PORT"`, `Socket="DATA/log"`)
	d.setup.ready = func(at place) bool {
		_, err := os.Stat(devLog(at))
		return err == nil
	}
	d.to = func(at place) transport.Destination {
		return syslog.Destination{Addr: devLog(at), Encoder: encode.RFC3164{Facility: encode.FacilityLocal3, OmitHost: true, Message: encode.SyslogCEE}}
	}
	d.kills, d.scenes = false, nil
	return d
}

// edited is rsyslog with old replaced by now in its configuration. All rows here
// take out the limit of 64 KiB that the others set: what transport/syslog writes
// by default has to fit into rsyslog's own, or it is cut in two.
func edited(s setup, old, now string) setup {
	command := s.command
	s.command = func(at place) (*exec.Cmd, error) {
		cmd, err := command(at)
		if err != nil {
			return nil, err
		}
		conf := filepath.Join(at.dir, "rsyslog.conf")
		text, err := os.ReadFile(conf)
		if err != nil {
			return nil, err
		}
		host, port, _ := net.SplitHostPort(at.addr())
		names := strings.NewReplacer("HOST", host, "PORT", port, "DATA", at.data)
		was := names.Replace(old)
		if !strings.Contains(string(text), was) {
			return nil, fmt.Errorf("%q in %s: %w", was, conf, errMissing)
		}
		return cmd, os.WriteFile(conf, []byte(strings.Replace(string(text), was, names.Replace(now), 1)), 0o600)
	}
	return s
}

func devLog(at place) string { return filepath.Join(at.data, "log") }

// checkLocal: the host is this machine's.
func checkLocal(e *entry) error {
	for name, want := range map[string]string{"facility": "19", "severity": "6", "appname": "interop", "procid": strconv.Itoa(os.Getpid())} {
		if got := e.Fields[name]; got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	return nil
}

// syslogRow is one destination whose server has that input. to has no address yet.
func syslogRow(name string, in rsyslogInput, to syslog.Destination, parse func(map[string]any) entry, check func(*entry) error) destination {
	return destination{
		name: name, setup: edited(rsyslog(in, parse), ` maxMessageSize="64k"`, ""), kills: true, pause: pause, check: check,
		to: func(at place) transport.Destination {
			to := to
			to.Addr = at.addr()
			return to
		},
		scenes: []scene{forging(to)},
	}
}

// syslogText has the record's attributes in structured data, syslogOld as JSON
// in a message of RFC 3164.
var (
	syslogText = encode.RFC5424{Facility: encode.FacilityLocal3, Host: "host.example", ProcID: "4711", MsgIDFrom: "seq"}
	syslogOld  = encode.RFC3164{Facility: encode.FacilityLocal3, Host: "host.example", ProcID: "4711", Message: encode.SyslogCEE}
)

// parseStructured reads a record of the text and structured data that rsyslog
// has found in a message. Text with control characters comes with escapes, and
// is compared so.
func parseStructured(row map[string]any) entry {
	e := entry{Fields: row}
	sd, _ := row["sd"].(string)
	e.Message, _ = row["msg"].(string)
	params := structuredData(sd)
	e.ID = params["log_id"]
	producer, err1 := strconv.Atoi(params["producer"])
	seq, err2 := strconv.Atoi(params["seq"])
	if err1 != nil || err2 != nil {
		return entry{Fields: row}
	}
	e.Producer, e.Seq, e.Text = &producer, &seq, params["text"]
	if want := text(producer, seq); e.Text == escaped.Replace(want) {
		e.Text = want
	}
	return e
}

// escaped is what the control characters among awkward's become.
var escaped = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\u0000`, "\a", `\u0007`, "\x1b", `\u001b`,
	"\u2028", `\u2028`, "\u202e", `\u202e`, "\x7f", `\u007f`)

// structuredData returns the parameters of all elements, by RFC 5424 §6.3.
func structuredData(sd string) map[string]string {
	params := make(map[string]string)
	for {
		at := strings.Index(sd, `="`)
		if at < 0 {
			return params
		}
		name := sd[strings.LastIndexByte(sd[:at], ' ')+1 : at]
		var value strings.Builder
		i := at + 2
		for ; i < len(sd) && sd[i] != '"'; i++ {
			if sd[i] == '\\' && i+1 < len(sd) && strings.IndexByte(`"\]`, sd[i+1]) >= 0 {
				i++
			}
			value.WriteByte(sd[i])
		}
		params[name] = value.String()
		sd = sd[min(i+1, len(sd)):]
	}
}

// checkStructured compares the header, and the elements' names.
func checkStructured(e *entry) error {
	if err := checkHead(e, strconv.Itoa(*e.Seq)); err != nil {
		return err
	}
	sd, _ := e.Fields["sd"].(string)
	if !strings.HasPrefix(sd, `[timeQuality tzKnown="1"][resource@32473 `) || !strings.Contains(sd, `][slogship@32473 log_id="`+e.ID+`" producer="`) {
		return fmt.Errorf("sd is %q for the record %s", sd, e.ID)
	}
	return nil
}

func checkHead(e *entry, msgID string) error {
	for name, want := range map[string]string{
		"facility": "19", "severity": "6", "hostname": "host.example", "appname": "interop", "procid": "4711", "msgid": msgID,
	} {
		if got := e.Fields[name]; got != want {
			return fmt.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	return nil
}

// parseOld is parseCEE for RFC 3164: rsyslog keeps the space behind the tag.
func parseOld(row map[string]any) entry {
	if says, ok := row["msg"].(string); ok {
		row["msg"] = strings.TrimPrefix(says, " ")
	}
	return parseCEE(row)
}

// checkOld: rsyslog has the tag's parts as app name and procid.
func checkOld(e *entry) error { return checkHead(e, "-") }
