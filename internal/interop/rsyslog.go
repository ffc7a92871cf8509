package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// rsyslog is a server with one input module.
//
// What it is told, and why:
//   - queues are Direct, and omfile writes at the end of each transaction, in
//     the foreground: what is read is written. With the usual queue in memory
//     SIGKILL loses what was taken off the connection already.
//   - control characters are left alone: with octet-counted framing a message
//     may have line breaks, and escaping would hide whether they arrive. (The
//     old directive, because the parameter of global() did not switch it off in
//     8.2302.)
//   - each message is written raw, as JSON, so that a line of the file is one
//     message whatever is in it.
func rsyslog(module, input string) setup {
	ready := answersTCP
	if module == "imudp" {
		ready = boundUDP
	}
	return setup{
		command: func(dir, addr string) (*exec.Cmd, error) {
			conf := filepath.Join(dir, "rsyslog.conf")
			if err := os.WriteFile(conf, []byte(rsyslogConfig(module, input, dir, addr)), 0o600); err != nil {
				return nil, err
			}
			return exec.Command("rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid")), nil
		},
		ready: ready,
		read:  readRaw,
	}
}

func rsyslogConfig(module, input, dir, addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	return strings.NewReplacer("MODULE", module, "INPUT", input, "DIR", dir, "HOST", host, "PORT", port).Replace(`
$EscapeControlCharactersOnReceive off
global(workDirectory="DIR" maxMessageSize="64k"
       internalmsg.ratelimit.interval="0")
main_queue(queue.type="Direct")
module(load="MODULE")
template(name="raw" type="list") {
	constant(value="{\"raw\":\"") property(name="rawmsg" format="json") constant(value="\"}\n")
}
ruleset(name="record" queue.type="Direct") {
	action(type="omfile" file="DIR/received/messages" template="raw" asyncWriting="off" flushOnTXEnd="on"
	       queue.type="Direct")
}
input(type="MODULE" address="HOST" port="PORT" ruleset="record" INPUT)
*.* action(type="omfile" file="DIR/error.log")
`)
}

// rsyslogVersion is what rsyslogd says of itself.
func rsyslogVersion() (string, error) {
	out, err := exec.Command("rsyslogd", "-v").Output()
	if err != nil {
		return "", fmt.Errorf("rsyslogd is missing: %w", err)
	}
	return "rsyslog " + word(string(out), 1), nil
}

// word returns the word of s with that number, from 0, or "?".
func word(s string, n int) string {
	if f := strings.Fields(s); n < len(f) {
		return f[n]
	}
	return "?"
}
