package syslog_test

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/syslog"
)

// Every kind of destination says what it is about: those over a network through
// tcp and udp.
func TestCheck(t *testing.T) {
	for network, want := range map[string]string{"tcp": "name ok, connect failed", "udp": "name ok, connect skipped"} {
		if found, got := testkit.Check(t, syslog.Destination{Network: network, Addr: testkit.Closed(t)}); got != want {
			t.Errorf("%s: %v", network, found)
		}
	}
	path := filepath.Join(t.TempDir(), "log")
	if found, got := testkit.Check(t, syslog.Destination{Addr: path}); got != "socket failed" {
		t.Errorf("no socket: %v", found)
	}
	for _, kind := range []string{"unixgram", "unix"} {
		path := filepath.Join(t.TempDir(), kind)
		if kind == "unix" {
			l, err := net.Listen(kind, path)
			if err != nil {
				t.Fatal(err)
			}
			testkit.Serve(t, l, func(c net.Conn) { c.Read(make([]byte, 1)) })
		} else {
			c, err := net.ListenPacket(kind, path)
			if err != nil {
				t.Skip("no local datagrams here:", err)
			}
			defer c.Close()
		}
		if found, got := testkit.Check(t, syslog.Destination{Addr: path}); got != "socket ok" {
			t.Errorf("%s: %v", kind, found)
		}
	}
	if _, got := testkit.Check(t, syslog.Destination{}); got != "socket ok" && got != "socket failed" {
		t.Errorf("this machine's daemon: %s", got) // there may be one
	}
}
