package netfault

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// ListenFull is a listener at addr (IPv4) whose queue is full: who connects gets
// no answer at all, as from a host that is off. Linux only: elsewhere such a
// connection is refused. It ends with the test.
func ListenFull(t testing.TB, addr string) {
	t.Helper()
	at := netip.MustParseAddrPort(addr)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("netfault: socket: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		t.Fatalf("netfault: bind %s: %v", addr, err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatalf("netfault: listen: %v", err)
	}
	failed := 0
	for range 6 {
		c, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err == nil {
			t.Cleanup(func() { c.Close() })
		} else if failed++; failed == 2 { // one may be this process, that was too slow to look
			return // full
		}
	}
	t.Fatal("netfault: the queue does not get full")
}
