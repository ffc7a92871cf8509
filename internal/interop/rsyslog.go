package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/udp"
)

func rsyslogDestinations(*environment) []destination {
	plain := func(at place) transport.Destination { return tcp.Destination{Addr: at.addr()} }
	return []destination{
		{name: "rsyslog-tcp", setup: rsyslog(rsyslogInput{module: "imtcp"}, parseRaw), kills: true, pause: pause, to: plain},
		{
			name: "rsyslog-octet", setup: rsyslog(rsyslogInput{module: "imtcp"}, parseRaw), kills: true, pause: pause,
			to: func(at place) transport.Destination {
				return tcp.Destination{Addr: at.addr(), Framing: tcp.OctetCounted, Encoder: indented{}}
			},
		},
		{name: "rsyslog-imptcp", setup: rsyslog(rsyslogInput{module: "imptcp"}, parseRaw), kills: true, pause: pause, to: plain},
		{
			name: "rsyslog-udp", pause: pauseUDP,
			setup: rsyslog(rsyslogInput{module: "imudp", params: `rcvbufSize="4m"`}, parseRaw),
			to:    func(at place) transport.Destination { return udp.Destination{Addr: at.addr()} },
		},
	}
}

// rsyslogInput is what one way into rsyslog needs besides its address.
type rsyslogInput struct {
	module   string   // "imtcp"
	packages []string // besides rsyslog
	global   string   // parameters of global()
	load     string   // parameters of module()
	params   string   // parameters of input()
}

// rsyslog is a server with one input. parse makes an entry of what the server
// wrote of a message: "raw", and what it parsed ("facility", "severity",
// "appname", "procid", "msgid", "sd", "msg", "hostname", "time"), all strings.
//
// What it is told, and why:
//   - queues are Direct, and omfile writes at the end of each transaction, in
//     the foreground: what is read is written. With the usual queue in memory
//     SIGKILL loses what was taken off the connection already.
//   - control characters are left alone: with octet-counted framing a message
//     may have line breaks, and escaping would hide whether they arrive. (The
//     old directive, because the parameter of global() did not switch it off in
//     8.2302.)
//   - each message is written as JSON, so that a line of the file is one message
//     whatever is in it.
func rsyslog(in rsyslogInput, parse func(row map[string]any) entry) setup {
	ready := answersTCP
	if in.module == "imudp" {
		ready = boundUDP
	}
	return setup{
		install: apt(append([]string{"rsyslog"}, in.packages...)...),
		version: rsyslogVersion,
		command: func(at place) (*exec.Cmd, error) {
			conf := filepath.Join(at.dir, "rsyslog.conf")
			if err := os.WriteFile(conf, []byte(rsyslogConfig(in, at.dir, at.addr())), 0o600); err != nil {
				return nil, err
			}
			return exec.Command(daemon("rsyslogd"), "-n", "-f", conf, "-i", filepath.Join(at.dir, "pid")), nil
		},
		ready: ready,
		read:  readRows(parse),
	}
}

func rsyslogConfig(in rsyslogInput, dir, addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	var fields strings.Builder
	for _, f := range [][2]string{
		{"raw", "rawmsg"}, {"facility", "syslogfacility"}, {"severity", "syslogseverity"}, {"appname", "app-name"}, {"procid", "procid"},
		{"msgid", "msgid"}, {"sd", "structured-data"}, {"msg", "msg"}, {"hostname", "hostname"},
	} {
		fmt.Fprintf(&fields, "\tproperty(name=%q outname=%q format=\"jsonf\") constant(value=\",\")\n", f[1], f[0])
	}
	return strings.NewReplacer("MODULE", in.module, "GLOBAL", in.global, "LOAD", in.load, "INPUT", in.params,
		"DIR", dir, "HOST", host, "PORT", port, "FIELDS", fields.String()).Replace(`
$EscapeControlCharactersOnReceive off
global(workDirectory="DIR" maxMessageSize="64k" GLOBAL)
main_queue(queue.type="Direct")
module(load="MODULE" LOAD)
template(name="record" type="list") {
	constant(value="{")
FIELDS	property(name="timereported" outname="time" format="jsonf" dateFormat="rfc3339") constant(value="}\n")
}
ruleset(name="record" queue.type="Direct") {
	action(type="omfile" file="DIR/received/messages" template="record" asyncWriting="off" flushOnTXEnd="on"
	       queue.type="Direct")
}
input(type="MODULE" address="HOST" port="PORT" ruleset="record" INPUT)
*.* action(type="omfile" file="DIR/error.log")
`)
}

// parseRaw is for records that are a message of their own, without a syslog
// header.
func parseRaw(row map[string]any) entry { return parseField(row, "raw") }

// parseMessage is for records whose message is encode.JSONLines.
func parseMessage(row map[string]any) entry { return parseField(row, "msg") }

func parseField(row map[string]any, field string) entry {
	says, _ := row[field].(string)
	e := parseEntry([]byte(says))
	e.Fields = row
	return e
}

// rsyslogVersion is what rsyslogd says of itself.
func rsyslogVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, daemon("rsyslogd"), "-v").Output()
	if err != nil {
		return "", missing("rsyslogd", err)
	}
	return "rsyslog " + word(string(out), 1), nil
}

// errMissing: the server is not there and could not be installed.
var errMissing = errors.New("is missing")

func missing(what string, err error) error { return fmt.Errorf("%s %w: %w", what, errMissing, err) }

// word returns the word of s with that number, from 0, or "?".
func word(s string, n int) string {
	if f := strings.Fields(s); n < len(f) {
		return f[n]
	}
	return "?"
}
