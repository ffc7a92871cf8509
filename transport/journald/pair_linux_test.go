package journald

import (
	"net"
	"path/filepath"
	"testing"
)

// pair is a sender with a socket, and the other end.
func pair(t *testing.T) (*sender, *net.UnixConn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &sender{dest: Destination{Socket: path}}
	if err := s.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, conn
}
