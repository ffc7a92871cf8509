package journald_test

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/journald"
)

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	if _, got := testkit.Check(t, journald.Destination{Socket: path}); got != "socket failed" {
		t.Errorf("without a socket: %s", got)
	}
	conn, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	var entries int
	stop := testkit.Datagrams(t, conn, func(string) { entries++ })
	if _, got := testkit.Check(t, journald.Destination{Socket: path}); got != "socket ok" {
		t.Errorf("with one: %s", got)
	}
	if stop(); entries != 0 {
		t.Errorf("%d entries were written", entries)
	}
}
