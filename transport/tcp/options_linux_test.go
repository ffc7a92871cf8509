package tcp

import (
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"golang.org/x/sys/unix"
)

// TestSocketOptions asks the kernel what it was told.
func TestSocketOptions(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	get := func(t *testing.T, d Destination, level, option int) int {
		t.Helper()
		d.Addr = l.Addr().String()
		tr, err := d.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if err := tr.(*stream).Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		value := 0
		err = tr.(*stream).conn.wire.raw.Control(func(fd uintptr) {
			if value, err = unix.GetsockoptInt(int(fd), level, option); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	quick := Destination{CloseTimeout: time.Millisecond}
	with := func(f func(*Destination)) Destination {
		d := quick
		f(&d)
		return d
	}
	for _, c := range []struct {
		name          string
		d             Destination
		level, option int
		want          int
	}{
		{"no delay", quick, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{"Nagle", with(func(d *Destination) { d.Nagle = true }), unix.IPPROTO_TCP, unix.TCP_NODELAY, 0},
		{"user timeout by default", quick, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000},
		{"user timeout", with(func(d *Destination) { d.UserTimeout = 7 * time.Second }), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 7000},
		{"no user timeout", with(func(d *Destination) { d.UserTimeout = -1 }), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 0},
		{"keep-alive by default", quick, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"keep-alive idle", with(func(d *Destination) { d.KeepAlive = 9 * time.Second }), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 9},
		{"keep-alive interval", with(func(d *Destination) { d.KeepAlive = 9 * time.Second }), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 9},
		{"no keep-alive", with(func(d *Destination) { d.KeepAlive = -1 }), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0},
		{"send buffer (the kernel doubles it)", with(func(d *Destination) { d.SendBuffer = 50_000 }), unix.SOL_SOCKET, unix.SO_SNDBUF, 100_000},
		{"receive buffer", with(func(d *Destination) { d.ReceiveBuffer = 50_000 }), unix.SOL_SOCKET, unix.SO_RCVBUF, 100_000},
		{"fast open", with(func(d *Destination) { d.FastOpen = true }), unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1},
	} {
		if got := get(t, c.d, c.level, c.option); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFastOpen sends over connections that carry data in their first packet,
// where the kernel allows that; with and without, all arrives.
func TestFastOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if raw, err := l.(*net.TCPListener).SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 16) })
	}
	for range 3 { // the first connection brings the cookie for the others
		tr, err := (Destination{Addr: l.Addr().String(), FastOpen: true, Encoder: raw{}, CloseTimeout: 5 * time.Second}).Open()
		if err != nil {
			t.Fatal(err)
		}
		s := tr.(*stream)
		if err := s.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Probe(t.Context()); err != nil {
			t.Fatalf("Probe of a connection that waits for its first bytes: %v", err)
		}
		if err := s.Send(t.Context(), []encode.Record{{Message: "hello"}}); err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := c.Read(buf)
		if string(buf[:n]) != "hello\n" || err != nil {
			t.Errorf("got %q, %v", buf[:n], err)
		}
		if held := s.Held(); held != 1 {
			t.Errorf("held %d, want 1", held)
		}
		c.Close()
		tr.Close()
	}
}
