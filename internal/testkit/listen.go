package testkit

import (
	"crypto/tls"
	"net"
	"sync"
	"testing"
)

// Listen serves each connection with handle, on a port of its own, until the
// test ends.
func Listen(t testing.TB, handle func(net.Conn)) (addr string) {
	t.Helper()
	return ListenAt(t, "127.0.0.1:0", handle)
}

// ListenAt is Listen at addr.
func ListenAt(t testing.TB, addr string, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	Serve(t, l, handle)
	return l.Addr().String()
}

// ListenTLS is Listen with TLS.
func ListenTLS(t testing.TB, config *tls.Config, handle func(net.Conn)) (addr string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	Serve(t, l, handle)
	return l.Addr().String()
}

// Serve is Listen with a listener. The test ends when every handle has returned:
// what was opened after Serve is closed before, so that handles see an end.
func Serve(t testing.TB, l net.Listener, handle func(net.Conn)) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
}

// Datagrams gives each datagram to take, in turn, until the test ends or stop is
// called, which closes conn.
func Datagrams(t testing.TB, conn net.PacketConn, take func(string)) (stop func()) {
	t.Helper()
	if c, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
		c.SetReadBuffer(4 << 20) // a datagram that finds it full is lost
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1<<20)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			take(string(buf[:n]))
		}
	}()
	stop = sync.OnceFunc(func() {
		conn.Close()
		<-done
	})
	t.Cleanup(stop)
	return stop
}
