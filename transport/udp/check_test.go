package udp_test

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/udp"
)

func TestCheck(t *testing.T) {
	if _, got := testkit.Check(t, udp.Destination{Addr: "127.0.0.1:9"}); got != "name ok, connect skipped" {
		t.Errorf("an address: %s", got)
	}
	if _, got := testkit.Check(t, udp.Destination{Addr: "nowhere.example:514", Resolver: netfault.NewDNS(t).Resolver()}); got != "name failed, connect skipped" {
		t.Errorf("a name that nobody knows: %s", got)
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, got := testkit.Check(t, udp.Destination{Network: "unixgram", Addr: path}); got != "socket failed" {
		t.Errorf("no socket: %s", got)
	}
	conn, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Skip("no local datagrams here:", err)
	}
	defer conn.Close()
	if found, got := testkit.Check(t, udp.Destination{Network: "unixgram", Addr: path}); got != "socket ok" {
		t.Errorf("a socket: %v", found)
	}
}
